package crash_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/internal/auth"
	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/payment"
	"mercado/internal/sandbox"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker/workertest"
)

// stack is a shop of separate processes on a Postgres and a Temporal of its own, all of which can
// be killed. Only provider and carrier live: they are not ours.
type stack struct {
	t        testing.TB
	home     string
	postgres devstack.Postgres
	temporal devstack.Temporal
	servers  map[string]*devstack.Process
	limit    time.Duration // for orders to recover
	config   config        // of its processes, before their role
	apiAddr  string
	health   string
	idle     string    // the role that leaves its tasks to the other
	patience patiences // of its processes, when they are started
	sandbox  string
	provider *provider
	control  *control
	teller   *messenger // brings the payment provider's webhooks
	courier  *messenger // brings the carrier's

	db        *store.DB
	workflows client.Client
	tokens    *auth.Tokens
	operator  string // an operator's token

	processes map[string]*process
	started   int // how many processes
}

type process struct {
	*stacktest.Child
	name  string    // its role and which one it is
	stdin io.Closer // it ends when this is closed
}

// victims are what is killed, in the order of the report.
var victims = []string{"api", "worker", "postgres", "temporal"}

func newStack(t testing.TB) *stack {
	t.Helper()
	// The database's user must reach it, which it cannot in a test's own folder.
	home, err := os.MkdirTemp("", "mercado-crash-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	ports, err := devstack.FreePorts(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	port := func(number int, of string) devstack.Port { return devstack.Port{Number: number, Of: of} }
	s := &stack{
		t: t, home: home, limit: recoveryLimit, servers: map[string]*devstack.Process{}, processes: map[string]*process{},
		postgres: devstack.Postgres{Home: home, Port: port(ports[0], "Postgres")},
		temporal: devstack.Temporal{Home: home, Port: port(ports[1], "Temporal"), UI: port(ports[2], "the Temporal UI")},
		apiAddr:  fmt.Sprintf("127.0.0.1:%d", ports[3]), health: fmt.Sprintf("127.0.0.1:%d", ports[4]),
	}
	t.Cleanup(s.end)
	s.start("postgres")
	s.start("temporal")
	url := s.postgres.URL("mercado")
	if _, err := store.MigrateShop(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s.control = newControl(t)
	s.config = config{
		Control: s.control.url, Home: home,
		Database: settings.Database{URL: url, MaxConns: 8}, Temporal: s.temporal.Settings(),
		Shop: settings.Shop{
			HoldTTL: 15 * time.Minute, PaymentProvider: payment.SandboxName, PaymentTimeout: time.Second,
			ShipAfter: time.Minute, ReturnWindow: 24 * time.Hour, TrackEvery: 20 * time.Second, WebhookSecret: "a secret of the carrier",
		},
	}
	s.startSandbox()
	if s.db, err = store.Open(t.Context(), s.config.Database); err != nil {
		t.Fatal(err)
	}
	if s.workflows, err = temporal.NewLazy(s.config.Temporal); err != nil {
		t.Fatal(err)
	}
	key, err := auth.LoadKey(settings.Environment{Mode: "development", Home: home}, settings.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	s.tokens = auth.NewTokens(key, 12*time.Hour)
	if s.operator, err = s.tokens.Issue(auth.Principal{Roles: []auth.Role{auth.Admin}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// end stops all that still runs and removes what it wrote, unless the test failed.
func (s *stack) end() {
	for _, p := range s.processes {
		_ = p.Kill()
	}
	if s.workflows != nil {
		s.workflows.Close()
	}
	if s.db != nil {
		s.db.Close()
	}
	for name, server := range s.servers {
		if err := server.Stop(context.Background()); err != nil {
			s.t.Errorf("stop %s: %v", name, err)
		}
	}
	if s.t.Failed() {
		s.t.Logf("logs and data are kept in %s", s.home)
		return
	}
	if err := os.RemoveAll(s.home); err != nil {
		s.t.Error(err)
	}
}

func (s *stack) startSandbox() {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.sandbox = "http://" + listener.Addr().String()
	s.provider = newProvider(s.t, s.sandbox, s.control)
	s.teller, s.courier = newMessenger(s.t, "http://"+s.apiAddr), newMessenger(s.t, "http://"+s.apiAddr)
	box, err := sandbox.Open(sandbox.Config{
		Folder: s.home + "/sandbox", Slow: 300 * time.Millisecond, Transit: 800 * time.Millisecond, Late: 2 * time.Second,
		PaymentURL: s.teller.address + "/api/webhooks/payments",
		WebhookURL: s.courier.address + "/api/webhooks/shipping", WebhookSecret: s.config.Shop.WebhookSecret,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- box.Serve(ctx, listener) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			s.t.Errorf("sandbox: %v", err)
		}
		_ = box.Close()
	})
}

// start starts a server or a process of the shop.
func (s *stack) start(name string) {
	s.t.Helper()
	var err error
	switch name {
	case "postgres":
		s.servers[name], err = s.postgres.Start(context.Background())
		if s.db != nil {
			s.db.Pool.Reset() // the test's own connections died with the server
		}
	case "temporal":
		if err = s.temporal.Port.Await(s.t.Context()); err == nil {
			s.servers[name], err = s.temporal.Start(context.Background())
		}
	default:
		err = s.startProcess(name)
	}
	if err != nil {
		s.t.Fatalf("start %s: %v", name, err)
	}
}

func (s *stack) startProcess(role string) error {
	s.started++
	name := fmt.Sprintf("%s.%d", role, s.started)
	c := s.config
	c.Role, c.Idle, c.Addr = role, s.idle == role, s.apiAddr
	c.Shop.PaymentURL, c.Shop.CarrierURL = s.provider.as(name), s.provider.as(name)
	c.Shop.PackAfter = cmp.Or(s.patience.packAfter, 50*time.Millisecond)
	c.Shop.TransferPatience = cmp.Or(s.patience.transfer, 10*time.Minute)
	c.Shop.TrackEvery = cmp.Or(s.patience.track, c.Shop.TrackEvery)
	if role == "worker" {
		c.Addr = s.health
	}
	value, err := json.Marshal(c)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.home, role+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	command := exec.CommandContext(context.Background(), program)
	command.Env = append(settings.Foreign(), roleVariable+"="+string(value))
	command.Stdout, command.Stderr = log, log
	stdin, err := command.StdinPipe()
	if err != nil {
		return err
	}
	s.processes[role] = &process{Child: stacktest.StartChild(s.t, command), name: name, stdin: stdin}
	address := "http://" + c.Addr + "/livez"
	workertest.Await(s.t, role+" to live", func() bool {
		response, err := http.Get(address)
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	})
	return nil
}

// kill sends SIGKILL and returns when the victim is gone.
func (s *stack) kill(name string) {
	s.t.Helper()
	if p, ours := s.processes[name]; ours {
		if err := p.Kill(); err != nil {
			s.t.Errorf("kill %s: %v; see %s", name, err, s.home)
		}
		_ = p.stdin.Close()
		delete(s.processes, name)
		return
	}
	server := s.servers[name]
	if err := syscall.Kill(server.PID(), syscall.SIGKILL); err != nil {
		s.t.Errorf("kill %s: %v", name, err)
	}
	if name == "postgres" {
		for _, pid := range workingIn(filepath.Join(s.home, "postgres", "data")) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // its backends, unless they have gone by themselves
		}
	}
	<-server.Done()
	delete(s.servers, name)
}

// workingIn lists the processes that work in a folder.
func workingIn(folder string) (pids []int) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		if works, err := os.Readlink(filepath.Join(p, "cwd")); err == nil && strings.HasPrefix(works, folder) {
			if pid, err := strconv.Atoi(filepath.Base(p)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/internal/auth"
	"mercado/internal/devstack"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
)

// generator is the name of this program among those whose processor time is counted.
const generator = "generator"

// servers are what all benchmarks share: Postgres as `mercado up` runs it, which keeps what it
// confirms, and Temporal in memory.
type servers struct {
	home     string
	program  string // mercado, built from the sources as they are
	postgres devstack.Postgres
	temporal devstack.Temporal

	objects devstack.MinIO // started when it is asked for

	processes map[string]*devstack.Process
}

// startObjects starts the object store, once.
func (s *servers) startObjects(ctx context.Context) error {
	if s.processes["minio"] != nil {
		return nil
	}
	ports, err := devstack.FreePorts(ctx, 2)
	if err != nil {
		return err
	}
	s.objects = devstack.MinIO{
		Home: s.home, Port: devstack.Port{Number: ports[0], Of: "MinIO"}, Console: devstack.Port{Number: ports[1], Of: "MinIO's console"},
	}
	process, err := s.objects.Start(ctx)
	if err == nil {
		s.processes["minio"] = process
	}
	return err
}

func startServers(ctx context.Context) (_ *servers, err error) {
	root, err := devstack.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "mercado-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(home, 0o755); err != nil { //nolint:gosec // the user of Postgres passes through
		return nil, err
	}
	ports, err := devstack.FreePorts(ctx, 3)
	if err != nil {
		return nil, err
	}
	s := &servers{
		home: home, program: filepath.Join(home, "mercado"), processes: map[string]*devstack.Process{},
		postgres: devstack.Postgres{Home: home, Port: devstack.Port{Number: ports[0], Of: "Postgres"}},
		temporal: devstack.Temporal{
			Home: home, Throwaway: true,
			Port: devstack.Port{Number: ports[1], Of: "Temporal"}, UI: devstack.Port{Number: ports[2], Of: "the Temporal UI"},
		},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	build := exec.CommandContext(ctx, "go", "build", "-o", s.program, "./cmd/mercado")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build mercado: %w", err)
	}
	if s.processes["postgres"], err = s.postgres.Start(ctx); err != nil {
		return nil, err
	}
	s.processes["temporal"], err = s.temporal.Start(ctx)
	return s, err
}

// stop ends all that runs and removes what it kept.
func (s *servers) stop() error {
	var failures []error
	for _, process := range s.processes {
		failures = append(failures, process.Stop(context.Background()))
	}
	if target, err := os.Readlink(filepath.Join(s.home, "postgres")); err == nil {
		failures = append(failures, os.RemoveAll(target))
	}
	return errors.Join(append(failures, os.RemoveAll(s.home))...)
}

// shop is a database of its own with the mercado processes that work on it.
type shop struct {
	*servers
	name     string
	url      string
	db       *store.DB
	tokens   *auth.Tokens
	workflow client.Client
	queue    string // prefix of its task queues
	running  map[string]*devstack.Process
	settings []string // its environment
}

// openShop migrates a new database and starts mercado processes on it; variables replace the
// defaults of their settings.
func (s *servers) openShop(ctx context.Context, name string, commands []string, variables ...string) (_ *shop, err error) {
	connection, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return nil, err
	}
	_, err = connection.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	if err = errors.Join(err, connection.Close(ctx)); err != nil {
		return nil, err
	}
	database := settings.Database{URL: s.postgres.URL(name), MaxConns: 32}
	if _, err := store.MigrateShop(ctx, database.URL); err != nil {
		return nil, err
	}
	if _, err := store.MigrateWarehouse(ctx, database.URL); err != nil {
		return nil, err
	}
	p := &shop{servers: s, name: name, queue: name + "-", running: map[string]*devstack.Process{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.db, err = store.Open(ctx, database); err != nil {
		return nil, err
	}
	home := filepath.Join(s.home, name)
	key, err := auth.LoadKey(settings.Environment{Home: home}, settings.Auth{})
	if err != nil {
		return nil, err
	}
	p.tokens = auth.NewTokens(key, 12*time.Hour)
	at := s.temporal.Settings()
	at.TaskQueuePrefix = p.queue
	if p.workflow, err = temporal.Dial(ctx, at); err != nil {
		return nil, err
	}
	ports, err := devstack.FreePorts(ctx, 3)
	if err != nil {
		return nil, err
	}
	address := func(i int) string { return devstack.Port{Number: ports[i]}.Address() }
	p.url = "http://" + address(0)
	database.MaxConns = 16
	environment := append(settings.Foreign(), settings.Environ(database, settings.Warehouse{URL: database.URL, LockTimeout: 10 * time.Second}, at)...)
	environment = append(environment,
		"MERCADO_HOME="+home, "MERCADO_LOG_LEVEL=warn",
		"MERCADO_API_ADDR="+address(0), "MERCADO_SANDBOX_ADDR="+address(1), "MERCADO_WORKER_ADDR="+address(2),
		"MERCADO_PAYMENT_URL=http://"+address(1), "MERCADO_CARRIER_URL=http://"+address(1),
	)
	environment = append(environment, variables...)
	p.settings = environment
	for _, command := range commands {
		if err := p.start(command); err != nil {
			return nil, err
		}
	}
	if p.running["api"] == nil {
		return p, nil
	}
	return p, p.answers(ctx)
}

// start starts a mercado process.
func (p *shop) start(command string) error {
	log, err := os.Create(filepath.Join(p.home, p.name+"-"+command+".log"))
	if err != nil {
		return err
	}
	process, err := devstack.Start(devstack.Command{
		Name: command, Path: p.program, Args: []string{command}, Env: p.settings, Log: log,
	})
	if err != nil {
		return err
	}
	p.running[command] = process
	return nil
}

// answers waits until the API does.
func (p *shop) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/livez", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API does not answer: %w", err)
		case <-p.running["api"].Done():
			log, _ := os.ReadFile(filepath.Join(p.home, p.name+"-api.log"))
			return fmt.Errorf("%w: %s", p.running["api"].Err(), log)
		case <-again.C:
		}
	}
}

// audit fails when the books do not balance: then what was measured was no shop.
func (p *shop) audit(ctx context.Context) error {
	command := exec.CommandContext(ctx, p.program, "audit")
	command.Env = p.settings
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("mercado audit: %w: %s", err, output)
	}
	return nil
}

// close ends the shop's processes.
func (p *shop) close() error {
	var group errgroup.Group
	for _, process := range p.running {
		group.Go(func() error { return process.Stop(context.Background()) })
	}
	err := group.Wait()
	if p.db != nil {
		p.db.Close()
	}
	if p.workflow != nil {
		p.workflow.Close()
	}
	return err
}

// used is the processor time that the shop, its servers and this program have used.
func (p *shop) used() (cpu, error) {
	programs := map[string]int{generator: os.Getpid()}
	for name, process := range p.servers.processes {
		programs[name] = process.PID()
	}
	for name, process := range p.running {
		programs[name] = process.PID()
	}
	return cpuOf(programs)
}

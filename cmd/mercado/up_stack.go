package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mercado/deploy/policies"
	"mercado/internal/devstack"
	"mercado/internal/seed"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// predecessorDeadline is how long what a killed `mercado up` leaves behind may take to end.
const predecessorDeadline = 20 * time.Second

// localStack is one run of `mercado up`.
type localStack struct {
	*UpCmd
	globals *Globals

	// What this run starts; nil for what is given by address.
	postgres *devstack.Postgres
	temporal *devstack.Temporal
	minio    *devstack.MinIO
	sandbox  *settings.Sandbox
	ports    []*devstack.Port

	givenPayment, givenCarrier bool // by address, rather than the sandbox

	mu      sync.Mutex
	servers []*devstack.Process
}

// port notes a port that must be free.
func (s *localStack) port(number int, of, flag, variable string) *devstack.Port {
	port := &devstack.Port{Number: number, Of: of, Flag: "--" + flag, Variable: variable}
	s.ports = append(s.ports, port)
	return port
}

// run starts everything, waits for a signal or for the death of a server, and stops everything.
func (s *localStack) run(parent context.Context) (err error) {
	started := time.Now()
	parent, stopNotify := signal.NotifyContext(parent, syscall.SIGHUP) // the terminal was closed
	defer stopNotify()
	home, err := devstack.HoldHome(s.globals.Home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.Release()) }()
	s.globals.Home = home.Path

	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	kill, killNow := context.WithCancel(context.Background())
	defer killNow()
	told := context.AfterFunc(parent, func() { s.killAtSecondSignal(kill, killNow) })
	defer told() // before the signals of parent are let go

	if err = s.checkPorts(ctx, home.Unclean); err != nil {
		return err
	}
	if err = s.checkGiven(ctx); err != nil {
		return err
	}
	defer s.stopServers(kill)
	if err = s.startServers(ctx, fail); err == nil {
		err = s.prepare(ctx)
	}
	if err == nil {
		err = s.serve(ctx, kill, started)
	}
	switch {
	case parent.Err() != nil: // told to stop: whatever failed, failed because of that
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return err
	}
}

// checkPorts refuses ports that others hold, before anything is started.
func (s *localStack) checkPorts(ctx context.Context, unclean bool) error {
	if unclean {
		s.say("the last run was killed; waiting for what it may have left")
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, predecessorDeadline)
		defer cancel()
	}
	for _, port := range s.ports {
		check := port.Check
		if unclean {
			check = port.Await
		}
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startServers starts the servers that are not given by address, all at once. When one of them
// dies later, fail ends the run.
func (s *localStack) startServers(ctx context.Context, fail context.CancelCauseFunc) error {
	group, ctx := errgroup.WithContext(ctx)
	start := func(name, address string, start func(context.Context) (*devstack.Process, error)) {
		group.Go(func() error {
			begun := time.Now()
			process, err := start(ctx)
			if err != nil {
				return err
			}
			s.mu.Lock()
			s.servers = append(s.servers, process)
			s.mu.Unlock()
			go func() {
				<-process.Done()
				fail(fmt.Errorf("%w (see %s)", process.Err(), filepath.Join(s.globals.Home, "logs")))
			}()
			s.done(name, address, begun)
			return nil
		})
	}
	if s.postgres != nil {
		s.postgres.Home = s.globals.Home
		start("Postgres", s.postgres.Port.Address(), s.postgres.Start)
	}
	if s.temporal != nil {
		s.temporal.Home = s.globals.Home
		start("Temporal", s.temporal.Port.Address(), s.temporal.Start)
	}
	if s.minio != nil {
		s.minio.Home = s.globals.Home
		start("MinIO", s.minio.Port.Address(), s.minio.Start)
	}
	return group.Wait()
}

// prepare makes what the program finds in place elsewhere: schemas, buckets, demo data.
func (s *localStack) prepare(ctx context.Context) error {
	begun := time.Now()
	shop, err := store.MigrateShop(ctx, s.Database.URL)
	if err != nil {
		return err
	}
	warehouse, err := store.MigrateWarehouse(ctx, s.Analytics.URL)
	if err != nil {
		return err
	}
	s.done("schemas", fmt.Sprintf("%d migrations applied", len(shop)+len(warehouse)), begun)

	begun = time.Now()
	if err := devstack.EnsureBuckets(ctx, s.ObjectStore); err != nil {
		return err
	}
	s.done("buckets", s.ObjectStore.Endpoint, begun)
	if s.minio != nil { // one that is given has its own administration, see deploy/policies
		begun = time.Now()
		if err := devstack.EnsureRoles(ctx, s.ObjectStore); err != nil {
			return err
		}
		s.done("roles", strings.Join(policies.Roles(), ", "), begun)
	}
	if s.temporal == nil { // ours has them since it was started
		if err := s.ensureSearchAttributes(ctx); err != nil {
			return err
		}
	}
	return s.seed(ctx)
}

// seed fills a shop that holds nothing yet, unless that is not wanted.
func (s *localStack) seed(ctx context.Context) error {
	if !s.Demo {
		return nil
	}
	begun := time.Now()
	db, err := store.Open(ctx, s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	found, err := db.ShopContents(ctx)
	if err != nil {
		return fmt.Errorf("look for customers: %w", err)
	}
	if found != (shopdb.ShopContentsRow{}) {
		return nil
	}
	summary, err := seed.Run(ctx, db.Pool, seed.Options{Progress: progress(s.globals.stderr)})
	if err != nil {
		return err
	}
	var rows int64
	for _, table := range summary.Tables {
		rows += table.Rows
	}
	s.done("demo data", fmt.Sprintf("%d rows", rows), begun)
	return nil
}

// serve runs the mercado processes until the context ends, and returns when they have ended.
func (s *localStack) serve(ctx, kill context.Context, started time.Time) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	// The sandbox ends after those that call it.
	sandboxCtx, stopSandbox := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSandbox()
	ctx, stopFront := context.WithCancel(ctx)
	defer stopFront()
	front, frontCtx := errgroup.WithContext(ctx)
	var back errgroup.Group
	if s.sandbox != nil {
		back.Go(func() error {
			defer stopFront() // without it nothing can be sold
			return s.child(program, "sandbox").Keep(sandboxCtx, kill)
		})
	}
	for _, command := range []string{"api", "worker"} {
		front.Go(func() error { return s.child(program, command).Keep(frontCtx, kill) })
	}
	front.Go(func() error {
		if err := s.waitReady(frontCtx); err != nil {
			return err
		}
		return s.announce(time.Since(started))
	})
	err = front.Wait()
	stopSandbox()
	if failed := back.Wait(); failed != nil {
		return failed // the rest ended because of that
	}
	return err
}

// environment returns the settings of this stack as variables.
func (s *localStack) environment() []string {
	groups := []any{
		s.globals.Environment, s.Local, s.Database, s.Analytics, s.ObjectStore, s.Temporal,
		s.API, s.Auth, s.Shop, s.SandboxRules, s.Lake, s.ETL, s.Daily, s.Retention, s.Freshness, s.Limits, s.Webhooks, s.Worker,
	}
	if s.sandbox != nil {
		groups = append(groups, *s.sandbox)
	}
	return settings.Environ(groups...)
}

func (s *localStack) child(program, command string) devstack.Child {
	environment := append(os.Environ(), s.environment()...)
	return devstack.Child{
		Command: devstack.Command{
			Name: command,
			Path: program,
			Args: []string{command},
			Env:  append(environment, "MERCADO_LOG_LEVEL="+s.globals.LogLevel),
		},
		OpenLog: func() (io.WriteCloser, error) {
			return devstack.ChildLog(s.globals.Home, command, s.globals.stderr)
		},
		Restarts: func(why error, pause time.Duration) {
			s.say("%v; it starts again in %s", why, pause)
		},
	}
}

// stopServers stops the servers in order: Postgres last, since Temporal and the object store do
// not need it but a person who looks at a failure does.
func (s *localStack) stopServers(kill context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var group sync.WaitGroup
	for _, process := range s.servers {
		group.Go(func() {
			if err := process.Stop(kill); err != nil {
				slog.Warn("a server had to be killed", "error", err)
			}
		})
	}
	group.Wait()
}

// killAtSecondSignal calls killNow when the person who has asked for an end asks again.
func (s *localStack) killAtSecondSignal(ctx context.Context, killNow context.CancelFunc) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	s.say("stopping; a second Ctrl-C kills at once")
	select {
	case <-signals:
		s.say("killing what still runs")
		killNow()
	case <-ctx.Done():
	}
}

// say tells the person at the terminal how it goes.
func (s *localStack) say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(s.globals.stderr, "mercado: "+format+"\n", arguments...)
}

// done reports a step with the time it took.
func (s *localStack) done(what, detail string, begun time.Time) {
	s.say("%-10s %-34s %5.1f s", what, detail, time.Since(begun).Seconds())
}

package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/api"
	"mercado/internal/auth"
	"mercado/internal/completion"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
	"mercado/worker/workertest"
)

// roleVariable makes this test program a process of the shop; its value is a config.
const roleVariable = "MERCADO_CRASH_ROLE"

// config is what a process of the shop runs with.
type config struct {
	Role     string // api or worker
	Idle     bool   // leave tasks to the others
	Control  string // where it tells of boundaries
	Addr     string // of the API, or of the worker's health
	Home     string
	Database settings.Database
	Temporal settings.Temporal
	Shop     settings.Shop
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	stacktest.Main(m)
}

// play runs one process of the shop as its command does, watched.
func play(role string) error {
	var c config
	if err := json.Unmarshal([]byte(role), &c); err != nil {
		return err
	}
	go func() { // whoever starts it keeps its stdin open
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options, err := temporal.Options(c.Temporal)
	if err != nil {
		return err
	}
	watching := newWatch(c, os.Getpid())
	options.Plugins = []client.Plugin{watching}
	workflows, err := client.NewLazyClient(options)
	if err != nil {
		return err
	}
	defer workflows.Close()
	if c.Role == "worker" {
		return worker.Run(ctx, worker.Config{
			Environment: settings.Environment{Mode: "development", Home: c.Home},
			Database:    c.Database, Temporal: c.Temporal, Shop: c.Shop, Worker: settings.Worker{Addr: c.Addr}, Client: workflows,
			Limits: workertest.Limits, Webhooks: workertest.Webhooks,
		})
	}
	return serve(ctx, c, watching, workflows)
}

// serve is what `mercado api` does, with its requests watched.
func serve(ctx context.Context, c config, watching *watch, workflows client.Client) error {
	environment := settings.Environment{Mode: "development", Home: c.Home}
	signing := settings.Auth{AccessTokenTTL: 12 * time.Hour, RefreshTokenTTL: 24 * time.Hour, PasswordMin: 15}
	key, err := auth.LoadKey(environment, signing)
	if err != nil {
		return err
	}
	background, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer background.Close()
	db, err := store.OpenObserved(ctx, c.Database, &statements{parcels: background})
	if err != nil {
		return err
	}
	defer db.Close()
	board := completion.NewBoard()
	server := api.New(api.Deps{
		DB: db, Temporal: workflows, Tokens: auth.NewTokens(key, signing.AccessTokenTTL), Passwords: auth.NewPasswords(signing.PasswordMin),
		Log: slog.Default(), Environment: environment, Auth: signing, Shop: c.Shop, Workflow: c.Temporal, Board: board,
		Limits: workertest.Limits, Webhooks: workertest.Webhooks,
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	front := &http.Server{Handler: watching.requests(server.Handler()), ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error { return front.Serve(listener) })
	group.Go(func() error {
		return worker.Host(ctx, workflows, c.Temporal, worker.Orders(background, c.Shop, board), nil)
	})
	return group.Wait()
}

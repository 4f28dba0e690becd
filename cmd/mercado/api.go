package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"mercado/api"
	"mercado/internal/auth"
	"mercado/internal/completion"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
)

// APICmd serves the HTTP API until it is told to stop.
type APICmd struct {
	settings.API
	settings.Auth
	settings.Shop
	settings.Limits
	settings.Webhooks
	settings.Database
	settings.ObjectStore
	settings.Temporal
	settings.ETL
}

// Run implements the command.
func (c *APICmd) Run(ctx context.Context, g *Globals) error {
	key, err := auth.LoadKey(g.Environment, c.Auth)
	if err != nil {
		return err
	}
	proxies, err := c.API.Proxies()
	if err != nil {
		return err
	}
	passwords, err := passwordRules(c.Auth)
	if err != nil {
		return err
	}
	// Requests have one half of the connections; the worker that is hosted here, and the readiness
	// probes, have the other: neither waits for those.
	half := c.Database
	half.MaxConns /= 2
	db, err := store.OpenForRequests(ctx, half)
	if err != nil {
		return err
	}
	defer db.Close()
	background, err := store.Open(ctx, half)
	if err != nil {
		return err
	}
	defer background.Close()
	workflows, err := temporal.NewLazy(c.Temporal)
	if err != nil {
		return err
	}
	defer workflows.Close()
	objects, err := lake.Open(c.ObjectStore)
	if err != nil {
		return err
	}
	probes, err := readinessProbes(background, workflows, c.ObjectStore, c.Temporal)
	if err != nil {
		return err
	}
	floor := raiseHeap()
	defer runtime.KeepAlive(floor)
	board := completion.NewBoard()
	server := api.New(api.Deps{
		DB: db, Temporal: workflows, Lake: objects, Tokens: auth.NewTokens(key, c.AccessTokenTTL), Passwords: passwords,
		Probes: probes, Version: version, Environment: g.Environment, Auth: c.Auth, Shop: c.Shop, Limits: c.Limits, Webhooks: c.Webhooks,
		Workflow: c.Temporal, ETL: c.ETL, Objects: c.ObjectStore, Board: board,
		TrustedProxies: proxies,
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return &settings.Error{Setting: "MERCADO_API_ADDR", Problem: fmt.Sprintf("cannot be listened on: %v", err)}
	}
	slog.Info("serving", "address", listener.Addr().String())

	// A checkout that is placed here takes its first steps here, so this worker stops after the
	// last request has its answer. Only worker processes announce themselves: see /readyz.
	hosting, stopHosting := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stopHosting()
		return server.Serve(ctx, listener)
	})
	group.Go(func() error {
		return worker.Host(hosting, workflows, c.Temporal, worker.Orders(background, c.Shop, board), nil)
	})
	return group.Wait()
}

// passwordRules says which passwords may be chosen, with the list of those that may not.
func passwordRules(s settings.Auth) (*auth.Passwords, error) {
	passwords := auth.NewPasswords(s.PasswordMin)
	if s.PasswordBlocklist == "" {
		return passwords, nil
	}
	list, err := os.Open(s.PasswordBlocklist)
	if err == nil {
		err = passwords.LoadBlocklist(list)
		_ = list.Close()
	}
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_PASSWORD_BLOCKLIST", Problem: fmt.Sprintf("cannot be read: %v", err)}
	}
	return passwords, nil
}

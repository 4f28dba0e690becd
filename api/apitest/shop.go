// Package apitest runs the API on real servers for a test, and asks it as a client would.
package apitest

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net"
	"testing"
	"time"

	"mercado/api"
	"mercado/internal/auth"
	"mercado/internal/completion"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/payment"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
)

// Shop is an API on a world of its own, for one test.
type Shop struct {
	World *stacktest.World
	Deps  api.Deps
	URL   string

	t testing.TB
}

// New serves an API until the test ends. Options change what it is made of before it starts.
func New(t testing.TB, options ...func(*api.Deps)) *Shop {
	t.Helper()
	return On(t, stacktest.New(t), options...)
}

// On is New on a world that the test has already.
func On(t testing.TB, world *stacktest.World, options ...func(*api.Deps)) *Shop {
	t.Helper()
	db, err := store.OpenForRequests(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	workflows, err := temporal.NewLazy(world.Temporal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(workflows.Close)
	objects, err := lake.Open(world.ObjectStore)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	deps := api.Deps{
		DB: db, Temporal: workflows, Lake: objects, Tokens: auth.NewTokens(key, 15*time.Minute), Passwords: auth.NewPasswords(15),
		Log:      slog.New(slog.DiscardHandler),
		Auth:     settings.Auth{AccessTokenTTL: 15 * time.Minute, RefreshTokenTTL: time.Hour, PasswordMin: 15},
		Workflow: world.Temporal, ETL: settings.ETL{StepTries: 2}, Objects: world.ObjectStore, Board: completion.NewBoard(),
		Environment: settings.Environment{Home: world.Home},
	}
	deps.Shop.HoldTTL = 15 * time.Minute
	deps.Shop.PaymentProvider = payment.SandboxName
	for _, option := range options {
		option(&deps)
	}
	shop := &Shop{World: world, Deps: deps, t: t}
	shop.serve()
	return shop
}

func (s *Shop) serve() {
	listener, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.URL = "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- api.New(s.Deps).Serve(ctx, listener) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			s.t.Errorf("the API did not stop in order: %v", err)
		}
	})
}

// Again serves the same shop from another API beside the first one.
func (s *Shop) Again() *Shop {
	s.t.Helper()
	again := &Shop{World: s.World, Deps: s.Deps, t: s.t}
	again.serve()
	return again
}

// For is the same shop, which fails another test: one fuzzed input of the shop's.
func (s *Shop) For(t testing.TB) *Shop {
	return &Shop{World: s.World, Deps: s.Deps, URL: s.URL, t: t}
}

// Anyone is not signed in.
func (s *Shop) Anyone() *Client { return NewClient(s.t, s.URL, "") }

// As is signed in with a token of p.
func (s *Shop) As(p auth.Principal) *Client {
	s.t.Helper()
	token, err := s.Deps.Tokens.Issue(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return NewClient(s.t, s.URL, token)
}

// Admin is an operator.
func (s *Shop) Admin() *Client { return s.As(auth.Principal{Roles: []auth.Role{auth.Admin}}) }

// Vendor is signed in for the vendor.
func (s *Shop) Vendor(id int64) *Client {
	return s.As(auth.Principal{VendorID: id, Roles: []auth.Role{auth.Vendor}})
}

// Customer is signed in as the customer.
func (s *Shop) Customer(id int64) *Client {
	return s.As(auth.Principal{CustomerID: id, Roles: []auth.Role{auth.Customer}})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"mercado/internal/sandbox"
	"mercado/internal/settings"
)

// SandboxCmd serves the sandbox of payment provider and carrier until it is told to stop.
type SandboxCmd struct {
	settings.Sandbox
	settings.SandboxRules
	settings.API
	settings.Shop
}

// Run implements the command.
func (c *SandboxCmd) Run(ctx context.Context, g *Globals) (err error) {
	webhooks := c.WebhookURL
	if webhooks == "" {
		webhooks = "http://" + c.API.Addr + "/api/webhooks/shipping"
	}
	payments := c.PaymentWebhookURL
	if payments == "" {
		payments = "http://" + c.API.Addr + "/api/webhooks/payments"
	}
	s, err := sandbox.Open(sandbox.Config{
		Folder: filepath.Join(g.Home, "sandbox"), Slow: c.Slow, Transit: c.Transit, Late: c.Late,
		WebhookURL: webhooks, PaymentURL: payments, WebhookSecret: c.WebhookSecret,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Sandbox.Addr)
	if err != nil {
		return &settings.Error{Setting: "MERCADO_SANDBOX_ADDR", Problem: fmt.Sprintf("cannot be listened on: %v", err)}
	}
	slog.Info("serving the sandbox", "address", listener.Addr().String())
	return s.Serve(ctx, listener)
}

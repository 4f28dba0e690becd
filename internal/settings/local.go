package settings

import (
	"fmt"
	"time"
)

// Worker is a worker process.
type Worker struct {
	Addr string `name:"worker-addr" env:"MERCADO_WORKER_ADDR" default:"127.0.0.1:8081" help:"Address a worker answers /livez and /metrics on."`
}

// Validate implements kong's validation hook.
func (w Worker) Validate() error { return listenAddress("MERCADO_WORKER_ADDR", w.Addr) }

// Sandbox is the server that stands for payment provider and carrier.
type Sandbox struct {
	Addr string `name:"sandbox-addr" env:"MERCADO_SANDBOX_ADDR" default:"127.0.0.1:8090" help:"Address the sandbox of payment provider and carrier listens on."`
}

// Validate implements kong's validation hook.
func (s Sandbox) Validate() error { return listenAddress("MERCADO_SANDBOX_ADDR", s.Addr) }

// SandboxRules is how the sandbox behaves.
type SandboxRules struct {
	Slow              time.Duration `name:"sandbox-slow" env:"MERCADO_SANDBOX_SLOW" default:"1500ms" help:"How long the payment provider waits before it answers for the token slow."`
	Transit           time.Duration `name:"sandbox-transit" env:"MERCADO_SANDBOX_TRANSIT" default:"5s" help:"How long the carrier has a parcel before it is delivered."`
	Late              time.Duration `name:"sandbox-late" env:"MERCADO_SANDBOX_LATE" default:"10s" help:"How late the payment provider's webhooks are for the token webhook_late."`
	PaymentWebhookURL string        `name:"sandbox-payment-webhook-url" env:"MERCADO_SANDBOX_PAYMENT_WEBHOOK_URL" default:"" help:"Where the payment provider's webhooks go (default: /api/webhooks/payments of MERCADO_API_ADDR)."`
	WebhookURL        string        `name:"sandbox-webhook-url" env:"MERCADO_SANDBOX_WEBHOOK_URL" default:"" help:"Where the carrier's webhooks go (default: /api/webhooks/shipping of MERCADO_API_ADDR)."`
}

// Validate implements kong's validation hook.
func (s SandboxRules) Validate() error {
	if s.Slow < 0 {
		return &Error{"MERCADO_SANDBOX_SLOW", "must not be negative"}
	}
	if s.Transit < 0 {
		return &Error{"MERCADO_SANDBOX_TRANSIT", "must not be negative"}
	}
	if s.Late < 0 {
		return &Error{"MERCADO_SANDBOX_LATE", "must not be negative"}
	}
	if s.PaymentWebhookURL != "" {
		if err := httpURL("MERCADO_SANDBOX_PAYMENT_WEBHOOK_URL", s.PaymentWebhookURL); err != nil {
			return err
		}
	}
	if s.WebhookURL == "" {
		return nil
	}
	return httpURL("MERCADO_SANDBOX_WEBHOOK_URL", s.WebhookURL)
}

// Local holds the ports of what `mercado up` starts. A server that is given by address is not
// started, and its port means nothing.
type Local struct {
	PostgresPort   int `name:"postgres-port" env:"MERCADO_POSTGRES_PORT" default:"15432" help:"Port of the local Postgres."`
	TemporalPort   int `name:"temporal-port" env:"MERCADO_TEMPORAL_PORT" default:"7233" help:"Port of the local Temporal."`
	TemporalUIPort int `name:"temporal-ui-port" env:"MERCADO_TEMPORAL_UI_PORT" default:"8233" help:"Port of the local Temporal UI."`
	S3Port         int `name:"s3-port" env:"MERCADO_S3_PORT" default:"9000" help:"Port of the local object store."`
	S3ConsolePort  int `name:"s3-console-port" env:"MERCADO_S3_CONSOLE_PORT" default:"9001" help:"Port of the local object store's console."`
	SandboxPort    int `name:"sandbox-port" env:"MERCADO_SANDBOX_PORT" default:"8090" help:"Port of the sandbox of payment provider and carrier."`
}

// Validate implements kong's validation hook.
func (l Local) Validate() error {
	for _, port := range []struct {
		setting string
		number  int
	}{
		{"MERCADO_POSTGRES_PORT", l.PostgresPort},
		{"MERCADO_TEMPORAL_PORT", l.TemporalPort},
		{"MERCADO_TEMPORAL_UI_PORT", l.TemporalUIPort},
		{"MERCADO_S3_PORT", l.S3Port},
		{"MERCADO_S3_CONSOLE_PORT", l.S3ConsolePort},
		{"MERCADO_SANDBOX_PORT", l.SandboxPort},
	} {
		if port.number < 1 || port.number > 65535 {
			return &Error{port.setting, fmt.Sprintf("must be a port from 1 to 65535, not %d", port.number)}
		}
	}
	return nil
}

package settings

import "time"

// Webhooks is how the shop tells others of its events.
type Webhooks struct {
	AllowLoopback bool          `name:"webhook-allow-loopback" env:"MERCADO_WEBHOOK_ALLOW_LOOPBACK" default:"false" help:"Send webhooks to this machine as well, on any port; development only."`
	DisableAfter  time.Duration `name:"webhook-disable-after" env:"MERCADO_WEBHOOK_DISABLE_AFTER" default:"120h" help:"An endpoint that has taken nothing for so long is switched off."`
	KeepAttempts  time.Duration `name:"webhook-keep-attempts" env:"MERCADO_WEBHOOK_KEEP_ATTEMPTS" default:"720h" help:"How long it is kept how each attempt to send a webhook went."`
}

// Validate implements kong's validation hook.
func (w Webhooks) Validate() error {
	if w.DisableAfter < time.Hour {
		return &Error{"MERCADO_WEBHOOK_DISABLE_AFTER", "must be at least 1h"}
	}
	if w.KeepAttempts < time.Hour {
		return &Error{"MERCADO_WEBHOOK_KEEP_ATTEMPTS", "must be at least 1h"}
	}
	return nil
}

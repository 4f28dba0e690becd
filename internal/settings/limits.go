package settings

import (
	"encoding/json"
	"time"
)

// Limits is how long each thing may wait before it counts as stuck, and how often that and the
// rest of the books is looked at.
type Limits struct {
	AuditEvery    time.Duration `name:"audit-every" env:"MERCADO_AUDIT_EVERY" default:"1h" help:"How often the scheduled audit proves that stock and money add up."`
	ProviderSince time.Duration `name:"audit-provider-since" env:"MERCADO_AUDIT_PROVIDER_SINCE" default:"24h" help:"The audit asks the payment provider about payments that changed within this time; 0 asks about none."`
	Pending       time.Duration `name:"limit-pending" env:"MERCADO_LIMIT_PENDING" default:"15m" help:"An order that is longer in its checkout, or without shipments once confirmed, is stuck."`
	Transfer      time.Duration `name:"limit-transfer" env:"MERCADO_LIMIT_TRANSFER" default:"240h" help:"An order that waits longer for a bank transfer is stuck."`
	Confirmed     time.Duration `name:"limit-confirmed" env:"MERCADO_LIMIT_CONFIRMED" default:"96h" help:"A shipment that is not sent by then is stuck."`
	Shipped       time.Duration `name:"limit-shipped" env:"MERCADO_LIMIT_SHIPPED" default:"504h" help:"A parcel that is longer on its way is stuck."`
	Refund        time.Duration `name:"limit-refund" env:"MERCADO_LIMIT_REFUND" default:"1h" help:"A refund that waits longer for the payment provider is stuck."`
	Payment       time.Duration `name:"limit-payment" env:"MERCADO_LIMIT_PAYMENT" default:"15m" help:"A payment whose outcome is unknown, or that is not voided, for longer is stuck."`
	Webhook       time.Duration `name:"limit-webhook" env:"MERCADO_LIMIT_WEBHOOK" default:"30h" help:"An outgoing webhook that is neither taken nor given up by then is stuck; it is offered for 26h."`
	Import        time.Duration `name:"limit-import" env:"MERCADO_LIMIT_IMPORT" default:"15m" help:"An import of products of which no row was taken for longer is stuck."`
}

// Validate implements kong's validation hook.
func (l Limits) Validate() error {
	if l.AuditEvery < time.Minute {
		return &Error{"MERCADO_AUDIT_EVERY", "must be at least 1m"}
	}
	if l.ProviderSince < 0 {
		return &Error{"MERCADO_AUDIT_PROVIDER_SINCE", "must not be negative"}
	}
	for variable, limit := range map[string]time.Duration{
		"MERCADO_LIMIT_PENDING": l.Pending, "MERCADO_LIMIT_TRANSFER": l.Transfer,
		"MERCADO_LIMIT_CONFIRMED": l.Confirmed, "MERCADO_LIMIT_SHIPPED": l.Shipped,
		"MERCADO_LIMIT_REFUND": l.Refund, "MERCADO_LIMIT_PAYMENT": l.Payment,
		"MERCADO_LIMIT_WEBHOOK": l.Webhook, "MERCADO_LIMIT_IMPORT": l.Import,
	} {
		if limit <= 0 {
			return &Error{variable, "must be positive"}
		}
	}
	return nil
}

// Seconds is the limits as the database takes them: a JSON object, by the names of the view
// ordering.waiting.
func (l Limits) Seconds() json.RawMessage {
	seconds, err := json.Marshal(map[string]float64{
		"pending": l.Pending.Seconds(), "transfer": l.Transfer.Seconds(), "confirmed": l.Confirmed.Seconds(),
		"shipped": l.Shipped.Seconds(), "refund": l.Refund.Seconds(), "payment": l.Payment.Seconds(),
		"webhook": l.Webhook.Seconds(), "import": l.Import.Seconds(),
	})
	if err != nil {
		panic(err) // numbers
	}
	return seconds
}

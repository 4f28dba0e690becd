package payment

import (
	"context"
	"net/http"
	"time"
)

// ManualName is what the tables call the provider of money that changes hands without one: cash at
// the counter and on delivery. AskPayment knows it, too: there is no question to write down where
// nobody is asked.
const ManualName = "manual"

// Manual is the provider whom nobody has to ask: people have done it, and the ledger keeps it. It
// knows of no payment, for the ledger is all there is to know.
type Manual struct{}

// Name implements Provider.
func (Manual) Name() string { return ManualName }

// Authorize implements Provider.
func (Manual) Authorize(_ context.Context, ask Authorization) (Payment, error) {
	return Payment{Status: Authorized, Amount: ask.Amount}, nil
}

// Capture implements Provider.
func (Manual) Capture(_ context.Context, ask Change) (Payment, error) {
	return Payment{Status: Captured, Amount: ask.Amount, Captured: ask.Amount}, nil
}

// Void implements Provider.
func (Manual) Void(context.Context, Change) (Payment, error) { return Payment{Status: Voided}, nil }

// Refund implements Provider.
func (Manual) Refund(_ context.Context, ask Change) (Payment, error) {
	return Payment{Status: Refunded, Amount: ask.Amount, Captured: ask.Amount, Refunded: ask.Amount}, nil
}

// Get implements Provider: ErrNotFound, always.
func (Manual) Get(context.Context, string) (Payment, error) { return Payment{}, ErrNotFound }

// ParseWebhook implements Provider: nobody sends any.
func (Manual) ParseWebhook(http.Header, []byte, time.Time) (Event, error) {
	return Event{}, ErrSignature
}

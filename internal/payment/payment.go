// Package payment is the port to a payment provider: what the shop asks of one, whichever it is.
// An adapter per provider stands beside it.
package payment

import (
	"context"
	"errors"

	"mercado/internal/money"
)

// Provider moves money. Every call that changes something carries an idempotency key: the same
// key and request have their effect once, however often they arrive.
//
// A call returns *Declined when the provider refused, ErrUnknown when it may or may not have
// acted (no answer in time, a broken connection, a fault on its side), ErrNotFound when it knows
// no such payment. After ErrUnknown, ask Get before asking again.
type Provider interface {
	// Name is what the shop's tables call the provider.
	Name() string
	// Authorize sets money aside for later captures.
	Authorize(ctx context.Context, ask Authorization) (Payment, error)
	// Capture takes money that was set aside; in parts, up to the whole.
	Capture(ctx context.Context, ask Change) (Payment, error)
	// Void gives back what is set aside and not captured. A reference the provider has never
	// seen is barred: an authorisation that arrives after its void is refused.
	Void(ctx context.Context, ask Change) (Payment, error)
	// Refund pays captured money back; in parts, up to the whole.
	Refund(ctx context.Context, ask Change) (Payment, error)
	// Get tells what the provider knows of a payment.
	Get(ctx context.Context, reference string) (Payment, error)
}

// Authorization asks to set an amount aside.
type Authorization struct {
	IdempotencyKey string
	Reference      string // the shop's id of the payment, by which Get finds it
	OrderReference string // the shop's id of the order
	Token          string // the provider's one-time token for the customer's card or wallet
	Amount         money.Amount
	Currency       string
}

// Change asks to do something with a payment that exists. Void ignores the amount.
type Change struct {
	IdempotencyKey string
	Reference      string
	Amount         money.Amount
}

// Status is what the provider says of a payment.
type Status string

// Statuses of a payment at the provider.
const (
	Authorized Status = "authorized"
	Captured   Status = "captured" // the whole of it
	Refunded   Status = "refunded" // the whole of it
	Voided     Status = "voided"
	Refused    Status = "declined"
)

// Payment is what the provider knows of one.
type Payment struct {
	ID          string // the provider's own
	Status      Status
	DeclineCode string // only when declined
	Amount      money.Amount
	Captured    money.Amount
	Refunded    money.Amount
	Done        []string // the idempotency keys of the captures, voids and refunds it has made
}

// Declined is the provider's refusal: asking again gives the same.
type Declined struct {
	Code      string // as insufficient_funds
	PaymentID string // the provider's own; may be empty
}

// Error implements error.
func (d *Declined) Error() string { return "declined: " + d.Code }

var (
	// ErrUnknown says that the provider may have acted or not.
	ErrUnknown = errors.New("outcome unknown")
	// ErrNotFound says that the provider knows no such payment.
	ErrNotFound = errors.New("no such payment")
)

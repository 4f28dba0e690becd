// Package payment is the port to a payment provider: what the shop asks of one, whichever it is.
// An adapter per provider stands beside it.
package payment

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	// Authorize sets money aside for later captures. By the method bank_transfer nothing can be set
	// aside: the payment is Awaited then, and says where the customer is to send the money.
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
	// ParseWebhook reads a message of the provider that arrived now, as the bytes that were sent.
	// It returns ErrSignature when the provider has not signed it, or not lately, and ErrWebhook
	// when it cannot be read.
	ParseWebhook(header http.Header, body []byte, now time.Time) (Event, error)
}

// Authorization asks to set an amount aside.
type Authorization struct {
	IdempotencyKey string
	Reference      string // the shop's id of the payment, by which Get finds it
	OrderReference string // the shop's id of the order
	Method         string // card, wallet or bank_transfer
	Token          string // the provider's one-time token for the customer's card or wallet
	Amount         money.Amount
	Currency       string
}

// Change asks to do something with a payment that exists. Void ignores the amount.
type Change struct {
	IdempotencyKey string
	Reference      string
	PaymentID      string // the provider's own, where it is known
	Amount         money.Amount
}

// Status is what the provider says of a payment.
type Status string

// Statuses of a payment at the provider.
const (
	Awaited    Status = "awaited" // a transfer, until the payment is voided
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

	Instructions *Instructions // only of one that was asked for by bank_transfer
	Transfers    []Transfer    // the money that has arrived for it, the earliest first
}

// Instructions tell a customer where to send a transfer. They are no secret and no personal data.
type Instructions struct {
	Beneficiary string       `json:"beneficiary"`
	IBAN        string       `json:"iban"`
	Reference   string       `json:"reference" doc:"Write this on the transfer: by it the money is known to be yours."`
	Amount      money.Amount `json:"amount"`
	Currency    string       `json:"currency"`
}

// Transfer is money that has arrived.
type Transfer struct {
	ID     string       `json:"id"` // the provider's own
	Amount money.Amount `json:"amount"`
}

// Key is what the ledger knows a transfer by.
func (t Transfer) Key() string { return "transfer/" + t.ID }

// EventKind is what a webhook tells of.
type EventKind string

// Kinds of events; an adapter gives any other message an empty kind.
const (
	EventAuthorized EventKind = "payment.authorized"
	EventFailed     EventKind = "payment.failed" // an authorisation that was declined
	EventCaptured   EventKind = "payment.captured"
	EventVoided     EventKind = "payment.voided"
	EventRefunded   EventKind = "payment.refunded"
	EventReceived   EventKind = "transfer.received"

	EventRefundFailed EventKind = "refund.failed" // one that was on its way, or made
)

// Event is what a webhook tells of one payment. A provider tells late, twice, and in any order.
type Event struct {
	ID          string       `json:"id"` // of the message: one that is sent again keeps it
	Kind        EventKind    `json:"kind"`
	Reference   string       `json:"reference"` // the shop's id of the payment; may be anything
	Key         string       `json:"key"`       // the idempotency key of what was done, or a Transfer's; empty when nobody asked
	Amount      money.Amount `json:"amount"`    // of what was done
	PaymentID   string       `json:"payment_id"`
	DeclineCode string       `json:"decline_code,omitempty"`
}

// longest bounds each text of an Event, in bytes: what the shop's tables index.
const longest = 255

// mostMoney is more than any payment is about, and fits the shop's tables.
const mostMoney = money.Amount(1e17)

// keepable reports whether an event can be written down: its provider has signed it, but may be wrong.
func (e Event) keepable() bool {
	for _, text := range []string{e.ID, string(e.Kind), e.Reference, e.Key, e.PaymentID, e.DeclineCode} {
		if len(text) > longest || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return false
		}
	}
	return e.ID != "" && e.Amount >= 0 && e.Amount <= mostMoney
}

// NoReason is the code of a decline whose provider gives none: an empty code would read as an approval.
const NoReason = "generic_decline"

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
	// ErrSignature says that a webhook was not signed by the provider, or not lately.
	ErrSignature = errors.New("webhook is not signed by the provider, or not lately")
	// ErrWebhook says that a signed webhook cannot be read.
	ErrWebhook = errors.New("webhook cannot be read")
)

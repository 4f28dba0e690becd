package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"mercado/internal/money"
	provider "mercado/internal/payment"
)

// What the provider tells every customer who pays by transfer.
const (
	beneficiary = "Mercado Sandbox"
	account     = "XX00 SAND BOX0 0000 0000" // of no country: no bank takes it
)

func (s *Sandbox) applyAwaited(f fact) {
	p := &payment{
		ID: f.PaymentID, Reference: f.Reference, OrderReference: f.OrderReference,
		Status: awaited, Amount: f.Amount, Currency: f.Currency, Counts: s.countsOf(f.Reference),
		Instructions: &provider.Instructions{
			Beneficiary: beneficiary, IBAN: account, Reference: f.Remittance, Amount: f.Amount, Currency: f.Currency,
		},
	}
	s.payments[f.Reference], s.transfers[f.Remittance] = p, p
}

func (s *Sandbox) applyReceived(f fact) {
	p := s.payments[f.Reference]
	p.Transfers = append(p.Transfers, provider.Transfer{ID: f.Transfer, Amount: f.Amount})
	p.Captured += f.Amount // it is here, wanted or not
	p.Counts.Transfers++
	s.tellPayment(f)
}

// receiveTransfer has money arrive, as from the customer's bank: POST /transfers with what is
// written on it, or the shop's id of the payment or of the order, and an amount: whole, too little
// or too much, once or again, in time or not. A bank asks nobody whether the money is wanted.
func (s *Sandbox) receiveTransfer(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Reference string       `json:"reference"`
		Amount    money.Amount `json:"amount"`
	}
	if !read(w, r, &ask) {
		return
	}
	if ask.Amount <= 0 {
		refuse(w, http.StatusBadRequest, "an amount that is positive is needed")
		return
	}
	s.mu.Lock()
	p := s.awaitedBy(ask.Reference)
	var durable func() error
	var err error
	var now payment
	if p != nil {
		durable, err = s.happen(fact{
			Kind: received, Reference: p.Reference, paymentFact: paymentFact{
				PaymentID: p.ID, OrderReference: p.OrderReference, Amount: ask.Amount, Currency: p.Currency,
				Transfer: "trf_" + rand.Text(),
			},
		})
		now = *p
	}
	s.mu.Unlock()
	if err == nil && durable != nil {
		err = durable()
	}
	switch {
	case p == nil:
		refuse(w, http.StatusNotFound, "no transfer is awaited with this reference")
	case err != nil:
		s.Log.Error("transfer failed", "reference", ask.Reference, "error", err)
		refuse(w, http.StatusInternalServerError, "the journal cannot be written")
	default:
		answer(w, http.StatusCreated, now)
	}
}

func (s *Sandbox) awaitedBy(reference string) *payment {
	if p, known := s.transfers[reference]; known {
		return p
	}
	for _, p := range s.transfers {
		if p.Reference == reference || p.OrderReference == reference {
			return p
		}
	}
	return nil
}

// events says what the shop is told of each kind of fact.
var events = map[string]provider.EventKind{
	authorized: provider.EventAuthorized,
	declined:   provider.EventFailed,
	captured:   provider.EventCaptured,
	voided:     provider.EventVoided,
	refunded:   provider.EventRefunded,
	received:   provider.EventReceived,
	expired:    provider.EventVoided,
	bounced:    provider.EventRefundFailed,
}

// tellPayment puts a webhook about what has just happened to a payment in the queue.
func (s *Sandbox) tellPayment(f fact) {
	if s.PaymentURL == "" {
		return
	}
	p := s.payments[f.Reference]
	key := f.Key
	switch f.Kind {
	case received:
		key = provider.Transfer{ID: f.Transfer}.Key()
	case expired:
		key = "expired/" + f.Reference // nobody's
	case bounced:
		key = f.Undone
	}
	digest := sha256.Sum256([]byte(f.Kind + " " + f.Reference + " " + key))
	event := provider.Event{
		ID: "evt_" + hex.EncodeToString(digest[:12]), Kind: events[f.Kind], Reference: f.Reference, Key: key,
		Amount: f.Amount, PaymentID: p.ID, DeclineCode: f.DeclineCode,
	}
	if f.Kind == voided || f.Kind == expired {
		event.Amount = p.Amount
	}
	due := f.At.Add(discretion)
	switch {
	case p.late && f.Kind == authorized:
		due = f.At.Add(2 * s.Late)
	case p.late:
		due = f.At.Add(s.Late)
	}
	s.queue(event.ID, event, due)
	if p.twice {
		s.queue(event.ID+" again", event, due)
	}
}

func (s *Sandbox) queue(id string, event provider.Event, due time.Time) {
	s.messages[id] = &message{id: id, url: s.PaymentURL, header: provider.SandboxSignature, body: event, due: due}
}

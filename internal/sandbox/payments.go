package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"mercado/internal/money"
	provider "mercado/internal/payment"
)

// Kinds of facts about payments. A void of a reference that was never seen bars it.
const (
	awaited    = "awaited"  // a transfer was asked for
	received   = "received" // money has arrived by transfer, asked for or not
	authorized = "authorized"
	declined   = "declined"
	captured   = "captured"
	voided     = "voided"
	refunded   = "refunded"
	stingy     = "refund_declined"
	expired    = "expired"       // nobody asked for it: what was set aside is free
	bounced    = "refund_failed" // a refund that was made has failed after all
)

// paymentFact is what a fact says of a payment.
type paymentFact struct {
	PaymentID      string       `json:"payment_id,omitempty"`
	OrderReference string       `json:"order_reference,omitempty"`
	Amount         money.Amount `json:"amount,omitempty"`
	Currency       string       `json:"currency,omitempty"`
	DeclineCode    string       `json:"decline_code,omitempty"`
	Broke          bool         `json:"broke,omitempty"`  // its captures will be declined
	Stingy         bool         `json:"stingy,omitempty"` // its first refund will be declined
	Mute           bool         `json:"mute,omitempty"`   // its refunds will not be answered
	Twice          bool         `json:"twice,omitempty"`  // its webhooks are sent twice
	Late           bool         `json:"late,omitempty"`   // its webhooks are late
	Transfer       string       `json:"transfer,omitempty"`
	Remittance     string       `json:"remittance,omitempty"` // what is written on its transfers
	Undone         string       `json:"undone,omitempty"`     // the key of the refund that has failed
}

// payment is what the provider knows of one, as it answers.
type payment struct {
	ID             string       `json:"id"`
	Reference      string       `json:"reference"`
	OrderReference string       `json:"order_reference"`
	Status         string       `json:"status"`
	DeclineCode    string       `json:"decline_code,omitempty"`
	Amount         money.Amount `json:"amount"`
	Captured       money.Amount `json:"captured"`
	Refunded       money.Amount `json:"refunded"`
	Currency       string       `json:"currency"`
	Done           []string     `json:"done"` // idempotency keys of its changes

	Instructions *provider.Instructions `json:"instructions,omitempty"`
	Transfers    []provider.Transfer    `json:"transfers"`
	broke        bool
	stingy, mute bool
	twice, late  bool
	latest       fact // its last refund

	Counts counts `json:"counts"`
}

// counts is how often each thing was done, by the provider's own journal.
type counts struct {
	Authorizations int `json:"authorizations"`
	Declines       int `json:"declines"`
	Captures       int `json:"captures"`
	Voids          int `json:"voids"`
	Refunds        int `json:"refunds"`
	Transfers      int `json:"transfers"`
}

func (s *Sandbox) applyAuthorized(f fact) {
	s.payments[f.Reference] = &payment{
		ID: f.PaymentID, Reference: f.Reference, OrderReference: f.OrderReference,
		Status: authorized, Amount: f.Amount, Currency: f.Currency,
		broke: f.Broke, twice: f.Twice, late: f.Late, stingy: f.Stingy, mute: f.Mute,
		Counts: counts{Authorizations: s.countsOf(f.Reference).Authorizations + 1},
	}
	s.tellPayment(f)
}

func (s *Sandbox) applyDeclined(f fact) {
	s.payments[f.Reference] = &payment{
		ID: f.PaymentID, Reference: f.Reference, OrderReference: f.OrderReference,
		Status: declined, DeclineCode: f.DeclineCode, Amount: f.Amount, Currency: f.Currency,
		Counts: counts{Declines: s.countsOf(f.Reference).Declines + 1},
	}
	s.tellPayment(f)
}

func (s *Sandbox) applyCaptured(f fact) {
	p := s.payments[f.Reference]
	p.Captured += f.Amount
	p.Counts.Captures++
	p.Done = append(p.Done, f.Key)
	if p.Captured == p.Amount {
		p.Status = captured
	}
	s.tellPayment(f)
}

func (s *Sandbox) applyVoided(f fact) {
	p, known := s.payments[f.Reference]
	if !known {
		p = &payment{Reference: f.Reference}
		s.payments[f.Reference] = p
	}
	if p.Captured == 0 {
		p.Status = voided
	} else {
		p.Amount = p.Captured // what was set aside beyond it is free
		p.Status = captured
	}
	if f.Kind == voided {
		p.Counts.Voids++
		p.Done = append(p.Done, f.Key)
	}
	s.tellPayment(f)
}

// applyBounced takes the last refund back.
func (s *Sandbox) applyBounced(f fact) {
	p := s.payments[f.Reference]
	p.Refunded -= f.Amount
	p.Counts.Refunds--
	p.Done = slices.DeleteFunc(p.Done, func(key string) bool { return key == f.Undone })
	if p.Status == refunded {
		p.Status = captured
	}
	s.tellPayment(f)
}

func (s *Sandbox) applyRefunded(f fact) {
	p := s.payments[f.Reference]
	p.Refunded += f.Amount
	p.latest = f
	p.Counts.Refunds++
	p.Done = append(p.Done, f.Key)
	if p.Refunded == p.Captured && p.Status != authorized && p.Status != awaited {
		p.Status = refunded
	}
	s.tellPayment(f)
}

// applyStingy declines one refund; the next is made.
func (s *Sandbox) applyStingy(f fact) { s.payments[f.Reference].stingy = false }

func (s *Sandbox) countsOf(reference string) counts {
	if p, known := s.payments[reference]; known {
		return p.Counts
	}
	return counts{}
}

// authorize sets money aside, and answers as the token wants.
func (s *Sandbox) authorize(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Reference      string       `json:"reference"`
		OrderReference string       `json:"order_reference"`
		Method         string       `json:"method"`
		Token          string       `json:"token"`
		Amount         money.Amount `json:"amount"`
		Currency       string       `json:"currency"`
	}
	if !read(w, r, &ask) {
		return
	}
	if ask.Reference == "" || ask.Currency == "" || ask.Amount < 0 {
		refuse(w, http.StatusBadRequest, "reference, currency and an amount that is not negative are needed")
		return
	}
	behave := behaviourOf(ask.Token)
	byTransfer := ask.Method == "bank_transfer"
	if byTransfer {
		behave = behaviour{} // there is no token to choose by
	}
	repeated := s.operate(w, r, fact{
		Reference: ask.Reference, Request: fingerprint("authorize", ask),
		paymentFact: paymentFact{OrderReference: ask.OrderReference, Amount: ask.Amount, Currency: ask.Currency},
	}, func(f *fact, p *payment) string {
		f.PaymentID = "pay_" + rand.Text()
		switch {
		case p != nil && p.Status == voided:
			f.Kind, f.DeclineCode = declined, "voided"
		case p != nil:
			return "the reference has been used"
		case behave.decline != "":
			f.Kind, f.DeclineCode = declined, behave.decline
		case byTransfer:
			f.Kind, f.Remittance = awaited, "MERCADO-"+rand.Text()[:10]
		default:
			f.Kind, f.Broke, f.Twice, f.Late = authorized, behave.broke, behave.twice, behave.late
			f.Stingy, f.Mute = behave.stingy, behave.mute
		}
		return ""
	}, func(repeated bool) bool {
		switch {
		case repeated:
		case behave.silent:
			<-r.Context().Done()
			return false
		case behave.slow:
			select {
			case <-r.Context().Done():
				return false
			case <-time.After(s.Slow):
			}
		}
		return true
	})
	if repeated {
		s.Log.Info("authorisation asked again", "reference", ask.Reference)
	}
}

// change handles captures, voids and refunds.
func (s *Sandbox) change(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var ask struct {
			Amount money.Amount `json:"amount"`
		}
		if !read(w, r, &ask) {
			return
		}
		reference, mute := r.PathValue("reference"), false
		s.operate(w, r, fact{
			Kind: kind, Reference: reference, Request: fingerprint(kind, reference, ask),
			paymentFact: paymentFact{Amount: ask.Amount},
		}, func(f *fact, p *payment) string {
			if why := refusal(kind, ask.Amount, p); why != "" {
				return why
			}
			if kind == refunded && p.stingy {
				f.Kind, f.DeclineCode = stingy, "refund_refused"
			}
			mute = kind == refunded && p.mute
			return ""
		}, func(repeated bool) bool {
			if mute && !repeated {
				<-r.Context().Done()
				return false
			}
			return true
		})
	}
}

// refusal says why a change may not be made to a payment, or nothing when it may. What begins with
// declinedAs is the provider's decision, and its code follows.
func refusal(kind string, amount money.Amount, p *payment) string {
	switch {
	case kind == voided && (p == nil || p.Status == authorized || p.Status == awaited || p.Status == voided || p.Status == declined):
		return ""
	case p == nil:
		return notFound
	case kind == captured && p.broke:
		return declinedAs + "capture_refused"
	case kind == captured && p.Status == authorized && amount >= 0 && p.Captured+amount <= p.Amount:
		return ""
	case kind == refunded && amount > 0 && p.Refunded+amount <= p.Captured:
		return ""
	case kind == captured && p.Status == voided:
		return declinedAs + "payment_voided"
	case kind != voided && amount > 0:
		return declinedAs + "amount_too_large"
	default:
		return fmt.Sprintf("a payment that is %s, %s of %s captured, cannot be %s by %s", p.Status, p.Captured, p.Amount, kind, amount)
	}
}

const (
	notFound   = "no such payment"
	declinedAs = "declined: "
)

// fingerprint tells requests apart without keeping what they hold.
func fingerprint(parts ...any) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(parts...))))
}

// operate does one thing once for its idempotency key: decide completes the fact or says why not;
// hold waits before the answer, and returns false when there is to be none.
func (s *Sandbox) operate(
	w http.ResponseWriter, r *http.Request, f fact,
	decide func(*fact, *payment) string, hold func(repeated bool) bool,
) (repeated bool) {
	f.Key = r.Header.Get("Idempotency-Key")
	if f.Key == "" {
		refuse(w, http.StatusBadRequest, "Idempotency-Key is needed")
		return false
	}
	s.mu.Lock()
	earlier, repeated := s.operations[f.Key]
	var durable func() error
	why, err := "", error(nil)
	switch {
	case repeated && earlier.Request != f.Request:
		why = "the Idempotency-Key was used for something else"
	case repeated:
		durable = func() error { return s.journal.sync(s.journal.lines()) }
		f = earlier
	default:
		if why = decide(&f, s.payments[f.Reference]); why == "" {
			durable, err = s.happen(f)
		}
	}
	var now payment
	if p, known := s.payments[f.Reference]; known {
		now = *p
	}
	s.mu.Unlock()

	if why == "" && err == nil {
		err = durable()
	}
	switch {
	case err != nil:
		s.Log.Error("operation failed", "reference", f.Reference, "error", err)
		refuse(w, http.StatusInternalServerError, "the journal cannot be written")
	case why == notFound:
		refuse(w, http.StatusNotFound, why)
	case strings.HasPrefix(why, declinedAs):
		now.DeclineCode = strings.TrimPrefix(why, declinedAs)
		answer(w, http.StatusPaymentRequired, now)
	case why != "":
		refuse(w, http.StatusConflict, why)
	case !hold(repeated):
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case f.Kind == declined, f.Kind == stingy:
		now.DeclineCode = f.DeclineCode
		answer(w, http.StatusPaymentRequired, now)
	default:
		answer(w, http.StatusCreated, now)
	}
	return repeated
}

func (s *Sandbox) getPayment(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var now payment
	p, known := s.payments[r.PathValue("reference")]
	if known {
		now = *p
	}
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, notFound)
		return
	}
	answer(w, http.StatusOK, now)
}

// countPayments tells what was done for one order: GET /payments?order_reference=….
func (s *Sandbox) countPayments(w http.ResponseWriter, r *http.Request) {
	of := r.URL.Query().Get("order_reference")
	found := struct {
		Items    []payment    `json:"items"`
		Counts   counts       `json:"counts"`
		Captured money.Amount `json:"captured"`
		Refunded money.Amount `json:"refunded"`
	}{Items: []payment{}}
	s.mu.Lock()
	for _, p := range s.payments {
		if strings.EqualFold(p.OrderReference, of) {
			found.Items = append(found.Items, *p)
			found.Counts.Authorizations += p.Counts.Authorizations
			found.Counts.Declines += p.Counts.Declines
			found.Counts.Captures += p.Counts.Captures
			found.Counts.Voids += p.Counts.Voids
			found.Counts.Refunds += p.Counts.Refunds
			found.Counts.Transfers += p.Counts.Transfers
			found.Captured += p.Captured
			found.Refunded += p.Refunded
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, found)
}

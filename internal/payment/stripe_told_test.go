package payment_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"mercado/internal/payment"
)

// intent is a payment of 1000 as Stripe tells of it.
func intent(status string, capturable, received int, more string) string {
	return fmt.Sprintf(`{"id":"pi_1","object":"payment_intent","amount":1000,"amount_capturable":%d,"amount_received":%d,"status":%q,"metadata":{"reference":"r"%s}`,
		capturable, received, status, more)
}

// Answers of Stripe.
var (
	setAside  = intent("requires_capture", 1000, 0, "}")
	inPart    = intent("requires_capture", 600, 400, `,"done_1":"capture/1","captured":"400 capture/1"}`)
	inFull    = intent("succeeded", 0, 1000, `,"done_1":"capture/1"}`)
	cancelled = intent("canceled", 0, 0, "}")
)

const (
	lost    = "lost"    // Stripe has done it, and its answer does not come
	silence = "silence" // until the shop has given up
)

// TestStripesAnswersAreUnderstood answers as Stripe's documentation says that it does, which the mock cannot be
// made to, and looks what is made of it and what was asked.
func TestStripesAnswersAreUnderstood(t *testing.T) {
	t.Parallel()
	authorize := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
		return s.Authorize(ctx, authorization)
	}
	capture := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
		return s.Capture(ctx, payment.Change{IdempotencyKey: "capture/1", Reference: "r", PaymentID: "pi_1", Amount: 400})
	}
	captureRest := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
		return s.Capture(ctx, payment.Change{IdempotencyKey: "capture/1", Reference: "r", PaymentID: "pi_1", Amount: 600})
	}
	void := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
		return s.Void(ctx, payment.Change{IdempotencyKey: "void/r", Reference: "r"})
	}
	refund := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
		return s.Refund(ctx, payment.Change{IdempotencyKey: "refund/1", Reference: "r", PaymentID: "pi_1", Amount: 400})
	}
	get := func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) { return s.Get(ctx, "r") }
	found := func(intent string) string {
		return `{"object":"search_result","has_more":false,"data":[` + intent + `]}`
	}
	made := func(status, more string) string {
		return `{"id":"re_1","object":"refund","amount":400,"metadata":{"key":"refund/1"},"status":"` + status + `"` + more + `}`
	}
	refusal := func(code string) string {
		return `{"error":{"type":"invalid_request_error","code":"` + code + `"}}`
	}
	declined := func(code, id string) error { return &payment.Declined{Code: code, PaymentID: id} }
	cancels := asked{what: "POST /v1/payment_intents/pi_1/cancel", key: "void/r"}

	for name, example := range map[string]struct {
		do      func(context.Context, *payment.Stripe) (payment.Payment, error)
		answers []string // in their order; with the word for none, or beginning with a status
		asks    []asked
		want    payment.Payment
		err     error
	}{
		"approved":                     {do: authorize, answers: []string{setAside}, asks: []asked{authorizes}, want: payment.Payment{ID: "pi_1", Status: payment.Authorized, Amount: 1000}},
		"approved and not there yet":   {do: authorize, answers: []string{intent("processing", 0, 0, "}")}, asks: []asked{authorizes}, want: payment.Payment{ID: "pi_1", Status: payment.Authorized, Amount: 1000}},
		"its owner is to be seen":      {do: authorize, answers: []string{intent("requires_action", 0, 0, "}")}, asks: []asked{authorizes}, err: declined("authentication_required", "pi_1")},
		"another card is wanted":       {do: authorize, answers: []string{intent("requires_payment_method", 0, 0, `},"last_payment_error":{"code":"card_declined","decline_code":"lost_card"}`)}, asks: []asked{authorizes}, err: declined("lost_card", "pi_1")},
		"another card, with no reason": {do: authorize, answers: []string{intent("requires_payment_method", 0, 0, "}")}, asks: []asked{authorizes}, err: declined(payment.NoReason, "pi_1")},
		"declined":                     {do: authorize, answers: []string{`402 {"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","payment_intent":{"id":"pi_1"}}}`}, asks: []asked{authorizes}, err: declined("insufficient_funds", "pi_1")},
		"approved, the answer lost":    {do: authorize, answers: []string{lost}, asks: []asked{authorizes}, err: payment.ErrUnknown},
		"approved, no answer in time":  {do: authorize, answers: []string{silence}, asks: []asked{authorizes}, err: payment.ErrUnknown},
		"a fault of Stripe's":          {do: authorize, answers: []string{`500 {"error":{"type":"api_error"}}`}, asks: []asked{authorizes}, err: payment.ErrUnknown},

		"a part is captured": {
			do: capture, answers: []string{setAside, inPart}, asks: []asked{looks, captures("400", true)},
			want: payment.Payment{ID: "pi_1", Status: payment.Authorized, Amount: 1000, Captured: 400, Done: []string{"capture/1"}},
		},
		"the rest is captured": {
			do: captureRest, answers: []string{inPart, inFull}, asks: []asked{looks, captures("600", false)},
			want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 1000, Done: []string{"capture/1"}},
		},
		"too late to capture":             {do: capture, answers: []string{setAside, "400 " + refusal("charge_expired_for_capture")}, asks: []asked{looks, captures("400", true)}, err: declined("charge_expired_for_capture", "")},
		"captured, the answer lost":       {do: capture, answers: []string{setAside, lost}, asks: []asked{looks, captures("400", true)}, err: payment.ErrUnknown},
		"nobody knows whether to capture": {do: capture, answers: []string{lost}, asks: []asked{looks}, err: payment.ErrUnknown},

		"voided":                     {do: void, answers: []string{found(setAside), cancelled}, asks: []asked{finds, cancels}, want: payment.Payment{ID: "pi_1", Status: payment.Voided, Amount: 1000, Done: []string{"void/r"}}},
		"the rest is voided":         {do: void, answers: []string{found(inPart), intent("succeeded", 0, 400, "}")}, asks: []asked{finds, cancels}, want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 400}},
		"voided before":              {do: void, answers: []string{found(cancelled)}, asks: []asked{finds}, want: payment.Payment{ID: "pi_1", Status: payment.Voided, Amount: 1000, Done: []string{"void/r"}}},
		"nothing is left to void":    {do: void, answers: []string{found(inFull)}, asks: []asked{finds}, want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 1000, Done: []string{"capture/1"}}},
		"nothing was ever set aside": {do: void, answers: []string{found("")}, asks: []asked{finds}, err: payment.ErrNotFound},
		"voided, the answer lost":    {do: void, answers: []string{found(setAside), lost}, asks: []asked{finds, cancels}, err: payment.ErrUnknown},

		"refunded":                  {do: refund, answers: []string{inFull, made("succeeded", "")}, asks: []asked{looks, refunds}, want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 1000, Refunded: 400, Done: []string{"capture/1", "refund/1"}}},
		"refunded some day":         {do: refund, answers: []string{inFull, made("pending", "")}, asks: []asked{looks, refunds}, want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 1000, Refunded: 400, Done: []string{"capture/1", "refund/1"}}},
		"the card is gone":          {do: refund, answers: []string{inFull, made("failed", `,"failure_reason":"expired_or_canceled_card"`)}, asks: []asked{looks, refunds}, err: declined("expired_or_canceled_card", "")},
		"refunded already":          {do: refund, answers: []string{inFull, "400 " + refusal("charge_already_refunded")}, asks: []asked{looks, refunds}, err: declined("charge_already_refunded", "")},
		"refunded, the answer lost": {do: refund, answers: []string{inFull, lost}, asks: []asked{looks, refunds}, err: payment.ErrUnknown},

		"what has become of it": {
			do: get, answers: []string{found(inFull), `{"object":"list","has_more":false,"data":[` + made("succeeded", "") + "," + made("failed", "") + "," + made("canceled", "") + `]}`},
			asks: []asked{finds, listsRefunds},
			want: payment.Payment{ID: "pi_1", Status: payment.Captured, Amount: 1000, Captured: 1000, Refunded: 400, Done: []string{"capture/1", "refund/1"}},
		},
		"it never came":               {do: get, answers: []string{found("")}, asks: []asked{finds}, err: payment.ErrNotFound},
		"it was declined":             {do: get, answers: []string{found(intent("requires_payment_method", 0, 0, `},"last_payment_error":{"decline_code":"lost_card"}`)), `{"object":"list","data":[]}`}, asks: []asked{finds, listsRefunds}, want: payment.Payment{ID: "pi_1", Status: payment.Refused, DeclineCode: "lost_card", Amount: 1000}},
		"its refunds cannot be found": {do: get, answers: []string{found(inFull), lost}, asks: []asked{finds, listsRefunds}, err: payment.ErrUnknown},
		"no transfers": {do: func(ctx context.Context, s *payment.Stripe) (payment.Payment, error) {
			return s.Authorize(ctx, payment.Authorization{Method: "bank_transfer", Amount: 1000, Currency: "EUR"})
		}, err: declined("method_not_supported", "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := make(chan string, len(example.answers))
			for _, answer := range example.answers {
				answers <- answer
			}
			heard := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, answers) }))
			patience := time.Minute
			if slices.Contains(example.answers, silence) {
				patience = 5 * time.Second // in which the request is heard on a busy machine, too
			}
			told, err := example.do(t.Context(), payment.NewStripe(heard.url, "sk_test_123", "", patience))
			slices.Sort(told.Done)
			var got, want *payment.Declined
			switch {
			case errors.As(example.err, &want):
				if !errors.As(err, &got) || *got != *want {
					t.Errorf("%v, want %+v", err, want)
				}
			case !errors.Is(err, example.err):
				t.Errorf("%v, want %v", err, example.err)
			case err == nil && !reflect.DeepEqual(told, example.want):
				t.Errorf("told %+v, want %+v", told, example.want)
			}
			heard.want(t, example.asks...)
		})
	}
}

// answer gives the next answer, or none.
func answer(w http.ResponseWriter, r *http.Request, answers chan string) {
	select {
	case next := <-answers:
		switch next {
		case lost:
			// It breaks off. Were there nothing of it, Go would ask again by itself, under the same key.
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"id":`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case silence:
			<-r.Context().Done()
			return
		}
		status := http.StatusOK
		if _, err := fmt.Sscanf(next, "%d ", &status); err == nil {
			next = next[4:]
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(next))
	default: // nobody was to ask
		w.WriteHeader(http.StatusTeapot)
	}
}

// TestStripeIsAskedAgainUnderTheSameKey asks again, as the saga does when a look-up has found nothing.
func TestStripeIsAskedAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 3)
	answers <- lost
	answers <- `{"object":"search_result","has_more":false,"data":[]}` // the search is behind
	answers <- setAside
	heard := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, answers) }))
	s := payment.NewStripe(heard.url, "sk_test_123", "", time.Minute)
	if _, err := s.Authorize(t.Context(), authorization); !errors.Is(err, payment.ErrUnknown) {
		t.Errorf("the first time: %v", err)
	}
	if _, err := s.Get(t.Context(), "r"); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("looked up: %v", err)
	}
	if told, err := s.Authorize(t.Context(), authorization); err != nil || told.Status != payment.Authorized {
		t.Errorf("the second time: %+v, %v", told, err)
	}
	heard.want(t, authorizes, finds, authorizes)
}

package payment_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mercado/internal/payment"
)

// asked is a request that Stripe has got: "POST /v1/refunds", its idempotency key and its fields.
type asked struct {
	what, key string
	fields    map[string]string
}

// listener keeps what Stripe, or who plays it, is asked, and hands it on.
type listener struct {
	url string

	mu    sync.Mutex
	heard []asked
}

// listen hears what is asked of a handler.
func listen(t *testing.T, behind http.Handler) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		form, err := url.ParseQuery(cmp.Or(string(body), r.URL.RawQuery))
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		fields := map[string]string{}
		for name, values := range form {
			fields[name] = strings.Join(values, ", ")
		}
		l.mu.Lock()
		l.heard = append(l.heard, asked{r.Method + " " + r.URL.Path, r.Header.Get("Idempotency-Key"), fields})
		l.mu.Unlock()
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// want compares all that was heard since the last time. The keys of requests that change nothing, the
// library's, do not count.
func (l *listener) want(t *testing.T, want ...asked) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.heard {
		if strings.HasPrefix(l.heard[i].what, "GET ") {
			l.heard[i].key = ""
		}
	}
	for i := range want {
		if want[i].fields == nil {
			want[i].fields = map[string]string{}
		}
	}
	if !reflect.DeepEqual(l.heard, want) {
		t.Errorf("Stripe was asked\n%v, want\n%v", l.heard, want)
	}
	l.heard = nil
}

// What Stripe is asked about the payment of these tests.
var (
	authorization = payment.Authorization{
		IdempotencyKey: "authorize/r", Reference: "r", OrderReference: "o", Method: "card", Token: "pm_card_visa", Amount: 1000, Currency: "EUR",
	}
	authorizes = asked{"POST /v1/payment_intents", "authorize/r", map[string]string{
		"amount": "1000", "currency": "eur", "capture_method": "manual", "confirm": "true", "payment_method": "pm_card_visa",
		"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
		"payment_method_options[card][request_multicapture]": "if_available",
		"metadata[reference]":                                "r", "metadata[order]": "o",
	}}
	looks   = asked{what: "GET /v1/payment_intents/pi_1"}
	finds   = asked{"GET /v1/payment_intents/search", "", map[string]string{"query": `metadata["reference"]:"r"`}}
	refunds = asked{"POST /v1/refunds", "refund/1", map[string]string{
		"payment_intent": "pi_1", "amount": "400", "metadata[key]": "refund/1", "metadata[reference]": "r",
	}}
	listsRefunds = asked{"GET /v1/refunds", "", map[string]string{"payment_intent": "pi_1"}}
)

// captures asks for a part, or for all that is left.
func captures(amount string, part bool) asked {
	of := asked{"POST /v1/payment_intents/pi_1/capture", "capture/1", map[string]string{
		"amount_to_capture": amount, "metadata[captured]": amount + " capture/1",
		"metadata[done_" + captureOne + "]": "capture/1",
	}}
	if part {
		of.fields["final_capture"] = "false"
	}
	return of
}

// captureOne begins the SHA-256 of "capture/1": Stripe's names are short.
const captureOne = "1d3346a4245045f815667b8497773e8f"

// TestStripeIsAskedAsItsDocumentWants asks Stripe's own mock, which compares each request with Stripe's
// OpenAPI document.
func TestStripeIsAskedAsItsDocumentWants(t *testing.T) {
	t.Parallel()
	base := stripeMock(t)
	mock, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	heard := listen(t, httputil.NewSingleHostReverseProxy(mock))
	s := payment.NewStripe(heard.url, "sk_test_123", "whsec_test", 10*time.Second)

	// The mock's new payment wants a payment method, whatever it was sent: a card that was declined reads
	// like this.
	var declined *payment.Declined
	if told, err := s.Authorize(t.Context(), authorization); !errors.As(err, &declined) || declined.Code != payment.NoReason || declined.PaymentID == "" {
		t.Errorf("authorise: %+v, %v", told, err)
	}
	heard.want(t, authorizes)
	ask := func(key string) payment.Change {
		return payment.Change{IdempotencyKey: key, Reference: "r", PaymentID: "pi_1", Amount: 400}
	}
	for _, change := range []struct {
		key  string
		do   func(context.Context, payment.Change) (payment.Payment, error)
		asks asked
	}{
		{"capture/1", s.Capture, captures("400", false)}, // of the mock's payment nothing can be captured
		{"void/r", s.Void, asked{what: "POST /v1/payment_intents/pi_1/cancel", key: "void/r"}},
		{"refund/1", s.Refund, refunds},
	} {
		told, err := change.do(t.Context(), ask(change.key))
		if err != nil || told.ID == "" {
			t.Errorf("%s: %+v, %v", change.key, told, err)
		}
		if change.key == "refund/1" && (told.Refunded != 400 || !slices.Contains(told.Done, "refund/1")) {
			t.Errorf("refunded: %+v", told)
		}
		heard.want(t, looks, change.asks)
	}
	told, err := s.Get(t.Context(), "r")
	if err != nil || told.ID == "" {
		t.Errorf("get: %+v, %v", told, err)
	}
	heard.want(t, finds, asked{"GET /v1/refunds", "", map[string]string{"payment_intent": told.ID}})

	// The mock looks at what it is sent: it can fail.
	if _, err := payment.NewStripe(base, "not a key", "", 10*time.Second).Get(t.Context(), "r"); err == nil {
		t.Error("asked with what is no key")
	}
}

package payment_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"mercado/internal/devstack"
	"mercado/internal/payment"
)

// stripeMock starts Stripe's own mock, which it installs first where it is missing. It checks every
// request against Stripe's OpenAPI document and answers with fixtures: it keeps nothing, so that it
// shows that the adapter asks rightly, and nothing of what Stripe would do.
func stripeMock(t *testing.T) string {
	t.Helper()
	program, err := devstack.FindBinary("stripe-mock")
	if err != nil {
		root, err := devstack.RepositoryRoot()
		if err != nil {
			t.Fatal(err)
		}
		install := exec.CommandContext(t.Context(), filepath.Join(root, "deploy", "bootstrap", "servers.sh"), "stripe-mock")
		install.Dir, install.Stderr = root, os.Stderr
		if err := install.Run(); err != nil {
			t.Fatalf("install stripe-mock: %v", err)
		}
		if program, err = devstack.FindBinary("stripe-mock"); err != nil {
			t.Fatal(err)
		}
	}
	ports, err := devstack.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	command := exec.CommandContext(context.Background(), program, "-http-addr", address)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	deadline, tick := time.After(2*time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
			return "http://" + address
		}
		select {
		case <-deadline:
			t.Fatalf("stripe-mock does not answer: %v", err)
		case <-tick.C:
		}
	}
}

// TestStripesErrorsAreUnderstood answers as Stripe's documentation says that it does; the mock
// cannot be made to.
func TestStripesErrorsAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, example := range []struct {
		status int
		body   string
		want   func(error) bool
	}{
		{402, `{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","payment_intent":{"id":"pi_1"}}}`, func(err error) bool {
			var declined *payment.Declined
			return errors.As(err, &declined) && declined.Code == "insufficient_funds" && declined.PaymentID == "pi_1"
		}},
		{400, `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"payment_method","message":"No such PaymentMethod: 'pm_secret'"}}`, func(err error) bool {
			var declined *payment.Declined
			return errors.As(err, &declined) && declined.Code == "invalid_token"
		}},
		{400, `{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state","message":"pm_secret"}}`, func(err error) bool {
			var declined *payment.Declined
			return errors.As(err, &declined) && declined.Code == "payment_intent_unexpected_state"
		}},
		{409, `{"error":{"type":"idempotency_error","message":"pm_secret"}}`, func(err error) bool { return errors.Is(err, payment.ErrUnknown) }},
		{500, `{"error":{"type":"api_error","message":"pm_secret"}}`, func(err error) bool { return errors.Is(err, payment.ErrUnknown) }},
		{400, `{"error":{"type":"idempotency_error","message":"pm_secret"}}`, func(err error) bool { return err != nil && !errors.Is(err, payment.ErrUnknown) }},
		{429, `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"pm_secret"}}`, func(err error) bool { return err != nil && !errors.Is(err, payment.ErrUnknown) }},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(example.status)
			_, _ = w.Write([]byte(example.body))
		}))
		_, err := payment.NewStripe(server.URL, "sk_test_123", "", time.Minute).Authorize(t.Context(), payment.Authorization{Token: "pm_secret", Currency: "EUR"})
		server.Close()
		if !example.want(err) || strings.Contains(err.Error(), "pm_secret") {
			t.Errorf("%d %s: %v", example.status, example.body, err)
		}
	}
	_, err := payment.NewStripe("http://127.0.0.1:1", "sk_test_123", "", time.Minute).Authorize(t.Context(), payment.Authorization{Token: "pm_secret", Currency: "EUR"})
	if !errors.Is(err, payment.ErrUnknown) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestStripesWebhooksAreUnderstood(t *testing.T) {
	t.Parallel()
	s := payment.NewStripe("http://127.0.0.1:1", "sk_test_123", "whsec_test", time.Second)
	intent := `{"id":"evt_1","object":"event","type":"%s","data":{"object":{"id":"pi_1","object":"payment_intent","amount":1000,"status":"requires_capture","metadata":{"reference":"r"}}}}`
	refunded := `{"id":"evt_1","object":"event","type":"refund.created","data":{"object":{"id":"re_1","object":"refund","amount":250,"status":"succeeded","metadata":{"reference":"r","key":"refund/1"}}}}`
	came := func(kind, status string) string {
		return fmt.Sprintf(`{"id":"evt_1","object":"event","type":"%s","data":{"object":{"id":"re_1","object":"refund","amount":250,"metadata":{"reference":"r","key":"refund/1"},"status":%s}}}`, kind, status)
	}
	captured := func(kind, captured string) string {
		return fmt.Sprintf(`{"id":"evt_1","object":"event","type":"%s","data":{"object":{"id":"pi_1","object":"payment_intent","amount":1000,"amount_capturable":600,"amount_received":400,"status":"requires_capture","metadata":{"reference":"r","captured":"%s"}}}}`, kind, captured)
	}
	for body, want := range map[string]payment.Event{
		captured("payment_intent.amount_capturable_updated", "400 capture/1"): {ID: "evt_1", Kind: payment.EventCaptured, Reference: "r", Key: "capture/1", Amount: 400, PaymentID: "pi_1"},
		captured("payment_intent.succeeded", "600 capture/2"):                 {ID: "evt_1", Kind: payment.EventCaptured, Reference: "r", Key: "capture/2", Amount: 600, PaymentID: "pi_1"},
		fmt.Sprintf(intent, "payment_intent.succeeded"):                       {ID: "evt_1", Kind: payment.EventCaptured, Reference: "r", Amount: 1000, PaymentID: "pi_1"}, // by somebody else
		fmt.Sprintf(intent, "payment_intent.amount_capturable_updated"):       {ID: "evt_1", Kind: payment.EventAuthorized, Reference: "r", Key: "authorize/r", Amount: 1000, PaymentID: "pi_1"},
		fmt.Sprintf(intent, "payment_intent.canceled"):                        {ID: "evt_1", Kind: payment.EventVoided, Reference: "r", Key: "void/r", Amount: 1000, PaymentID: "pi_1"},
		fmt.Sprintf(intent, "payment_intent.created"):                         {ID: "evt_1"},
		refunded: {ID: "evt_1", Kind: payment.EventRefunded, Reference: "r", Key: "refund/1", Amount: 250},
		came("refund.failed", `"failed","failure_reason":"expired_or_canceled_card"`): {ID: "evt_1", Kind: payment.EventRefundFailed, Reference: "r", Key: "refund/1", Amount: 250, DeclineCode: "expired_or_canceled_card"},
		came("charge.refund.updated", `"failed"`):                                     {ID: "evt_1", Kind: payment.EventRefundFailed, Reference: "r", Key: "refund/1", Amount: 250, DeclineCode: "refund_failed"},
		came("refund.updated", `"canceled"`):                                          {ID: "evt_1", Kind: payment.EventRefundFailed, Reference: "r", Key: "refund/1", Amount: 250, DeclineCode: "refund_failed"},
		came("refund.updated", `"pending"`):                                           {ID: "evt_1", Reference: "r", Key: "refund/1", Amount: 250},
	} {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: "whsec_test"})
		header := http.Header{"Stripe-Signature": {signed.Header}}
		if event, err := s.ParseWebhook(header, signed.Payload, time.Now()); err != nil || event != want {
			t.Errorf("%s: %+v, %v", body, event, err)
		}
		if _, err := s.ParseWebhook(header, append([]byte(" "), signed.Payload...), time.Now()); !errors.Is(err, payment.ErrSignature) {
			t.Errorf("a changed body: %v", err)
		}
	}
	old := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(refunded), Secret: "whsec_test", Timestamp: time.Now().Add(-time.Hour)})
	if _, err := s.ParseWebhook(http.Header{"Stripe-Signature": {old.Header}}, old.Payload, time.Now()); !errors.Is(err, payment.ErrSignature) {
		t.Errorf("an old message: %v", err)
	}
}

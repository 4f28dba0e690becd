package payment_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"mercado/internal/payment"
	"mercado/internal/signature"
)

// webhookSeeds are bodies that a provider may send, and some that it should not.
var webhookSeeds = []string{
	"", "{", "null", "[]", "{}", "\xff{\x00",
	`{"id":"evt_1","kind":"payment.captured","reference":"r","key":"capture/1","amount":"10.00"}`,
	`{"id":"evt_1","kind":"payment.failed","reference":"r","key":"authorize/r","amount":"10.00"}`,
	`{"id":"evt_1\u0000","kind":"payment.captured","reference":"r","key":"capture/1","amount":"10.00"}`,
	`{"id":"evt_1","kind":"payment.captured","reference":"r","key":"capture/1","amount":"92233720368547758.07"}`,
	`{"id":"evt_1","kind":"payment.captured","reference":"r","key":"capture/1","amount":"92233720368547758070"}`,
	`{"id":"evt_1","kind":"payment.captured","reference":"r","key":"capture/1","amount":-1}`,
	`{"id":"evt_1","kind":"payment.captured","reference":"r","key":"capture/1","amount":1e300}`,
	`{"id":"evt_1","object":"event","type":"payment_intent.canceled","data":{"object":{"id":"pi_1","amount":1000,"metadata":{"reference":"r"}}}}`,
	`{"id":"evt_1","object":"event","type":"payment_intent.canceled","data":{"object":{"id":"pi_1","amount":9223372036854775807,"metadata":{"reference":"r\u0000"}}}}`,
	`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount":1,"metadata":{"captured":"9223372036854775807 k"}}}}`,
	`{"id":"evt_1","object":"event","type":"refund.created","data":{"object":7}}`,
	`{"id":"evt_1","object":"event","type":"refund.created"}`,
}

// FuzzWebhooks sends any bytes to each adapter: signed, they are an event that can be written down or
// ErrWebhook; under a signature that is not theirs they are ErrSignature.
func FuzzWebhooks(f *testing.F) {
	const secret = "whsec_test"
	adapters := map[string]payment.Provider{
		payment.SandboxSignature: payment.NewSandbox("http://127.0.0.1:1", secret, time.Second),
		"Stripe-Signature":       payment.NewStripe("http://127.0.0.1:1", "sk_test_123", secret, time.Second),
	}
	for _, body := range webhookSeeds {
		f.Add("t=1,v1=00", []byte(body))
	}
	f.Fuzz(func(t *testing.T, forged string, body []byte) {
		now := time.Now()
		for name, adapter := range adapters {
			header := http.Header{}
			header.Set(name, forged)
			if event, err := adapter.ParseWebhook(header, body, now); !errors.Is(err, payment.ErrSignature) || event != (payment.Event{}) {
				t.Errorf("%s: signed by nobody: %+v, %v", name, event, err)
			}
			header.Set(name, signature.Sign(secret, now, body))
			if name == "Stripe-Signature" {
				header.Set(name, webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret}).Header)
			}
			switch _, event, err := payment.NewProviders(adapter).ParseWebhook(header, body, now); {
			case errors.Is(err, payment.ErrWebhook):
			case err != nil:
				t.Errorf("%s: %q: %v", name, body, err)
			case event.ID == "" || len(event.Key) > 255 || event.Amount < 0 || event.Amount > 1e17:
				t.Errorf("%s: %q was taken as %+v", name, body, event)
			case event.Kind == payment.EventFailed && event.DeclineCode == "":
				t.Errorf("%s: %q is a decline that reads as an approval", name, body)
			}
		}
	})
}

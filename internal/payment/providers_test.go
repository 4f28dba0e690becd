package payment_test

import (
	"testing"

	"mercado/internal/payment"
	"mercado/internal/settings"
)

// TestSandboxIsNotSetUpBesideRealMoney unless it is allowed: its webhooks would be believed.
func TestSandboxIsNotSetUpBesideRealMoney(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		shop settings.Shop
		want bool
	}{
		"the sandbox":          {settings.Shop{PaymentProvider: payment.SandboxName}, true},
		"Stripe":               {settings.Shop{PaymentProvider: payment.StripeName, StripeKey: "sk_live_x"}, false},
		"Stripe after sandbox": {settings.Shop{PaymentProvider: payment.StripeName, StripeKey: "sk_live_x", SandboxPayments: true}, true},
	} {
		if _, err := payment.Open(test.shop).Of(payment.SandboxName); (err == nil) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

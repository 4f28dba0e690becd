package payment

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mercado/internal/settings"
)

// Providers are those that the shop has payments with, by name: the one that new payments go
// through, and those that have to finish what they began.
type Providers map[string]Provider

// NewProviders collects providers by their names.
func NewProviders(providers ...Provider) Providers {
	byName := Providers{}
	for _, provider := range providers {
		byName[provider.Name()] = provider
	}
	return byName
}

// Open sets the shop's providers up: the sandbox where orders are paid by it or it is allowed beside
// another, Stripe where there is a key for it, and the one that nobody has to ask.
func Open(shop settings.Shop) Providers {
	all := []Provider{Manual{}}
	if shop.PaymentProvider != StripeName || shop.SandboxPayments {
		all = append(all, NewSandbox(shop.PaymentURL, shop.WebhookSecret, shop.PaymentTimeout))
	}
	if shop.StripeKey != "" {
		all = append(all, NewStripe(shop.StripeURL, shop.StripeKey, shop.StripeWebhookSecret, shop.PaymentTimeout))
	}
	return NewProviders(all...)
}

// ParseWebhook reads a message of whichever provider has signed it, and says who that is. It returns
// ErrSignature when none has, and ErrWebhook.
func (p Providers) ParseWebhook(header http.Header, body []byte, now time.Time) (provider string, event Event, err error) {
	for name, from := range p {
		event, err := from.ParseWebhook(header, body, now)
		if event.Kind == EventFailed {
			event.DeclineCode = cmp.Or(event.DeclineCode, NoReason)
		}
		if !errors.Is(err, ErrSignature) {
			return name, event, err
		}
	}
	return "", Event{}, ErrSignature
}

// Of finds a payment's provider.
func (p Providers) Of(name string) (Provider, error) {
	provider, known := p[name]
	if !known {
		return nil, fmt.Errorf("payment provider %q is not set up here", name)
	}
	return provider, nil
}

// ProviderOf says who moves the money of a payment method: nobody for cash, else the provider that
// the shop is set up with.
func ProviderOf(method, configured string) string {
	switch method {
	case "cash", "cash_on_delivery":
		return ManualName
	default:
		return configured
	}
}

package payment

import "fmt"

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

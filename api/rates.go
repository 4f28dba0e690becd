package api

import (
	"context"
	"fmt"
	"net/http"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/store"
)

// rates serves the tables that tax and shipping are taken from. Each is replaced as a whole, and
// counts for orders placed from then on.
func (a *API) rates() {
	register(a, operation{
		id: "get-tax-rates", method: http.MethodGet, path: "/api/admin/tax-rates",
		summary: "Show the tax rates", tag: "rates", permission: auth.ManageRates,
		about: "The whole table, of at most 5000 rates, in one answer: as it is replaced.",
	}, a.getTaxRates)
	register(a, operation{
		id: "replace-tax-rates", method: http.MethodPut, path: "/api/admin/tax-rates",
		summary: "Replace the tax rates",
		about: "All of them. Tax is due on the goods after discount, at the rate of the region where there is one, else of its " +
			"country. An order to a country without a rate is refused.",
		tag: "rates", permission: auth.ManageRates,
	}, a.replaceTaxRates)
	register(a, operation{
		id: "get-shipping-rates", method: http.MethodGet, path: "/api/admin/shipping-rates",
		summary: "Show the shipping rates by zone and weight", tag: "rates", permission: auth.ManageRates,
		about: "The whole table, of at most 300 zones, in one answer: as it is replaced.",
	}, a.getShippingRates)
	register(a, operation{
		id: "replace-shipping-rates", method: http.MethodPut, path: "/api/admin/shipping-rates",
		summary: "Replace the shipping rates",
		about: "All zones. An order costs the rate of the least `up_to_kg` that it does not exceed; products without a weight " +
			"weigh nothing. An order that is too heavy for its zone, or goes to a country in none, is refused.",
		tag: "rates", permission: auth.ManageRates,
	}, a.replaceShippingRates)
}

type taxRate struct {
	Country     country `json:"country"`
	Region      string  `json:"region,omitempty" pattern:"^[A-Z0-9]{0,3}$" doc:"What follows the country in ISO 3166-2, as 20 of PT-20; left out for the rest of the country."`
	RatePercent float64 `json:"rate_percent" minimum:"0" maximum:"100" doc:"At most three digits after the point."`
}

// TaxRates is the whole table.
type TaxRates struct {
	Items []taxRate `json:"items" minItems:"1" maxItems:"5000" nullable:"false"`
}

type taxRatesOutput struct {
	Body TaxRates
}

type replaceTaxRatesInput struct {
	Body TaxRates
}

func (a *API) getTaxRates(ctx context.Context, _ *struct{}) (*taxRatesOutput, error) {
	rates, err := a.DB.TaxRates(ctx)
	if err != nil {
		return nil, err
	}
	table := TaxRates{Items: make([]taxRate, len(rates))}
	for i, rate := range rates {
		table.Items[i] = taxRate{Country: country(rate.Country), Region: rate.Region, RatePercent: rate.RatePercent}
	}
	return &taxRatesOutput{table}, nil
}

func (a *API) replaceTaxRates(ctx context.Context, in *replaceTaxRatesInput) (*taxRatesOutput, error) {
	rates := make([]store.TaxRate, len(in.Body.Items))
	seen := map[[2]string]bool{}
	for i, rate := range in.Body.Items {
		rates[i] = store.TaxRate{Country: string(rate.Country), Region: rate.Region, RatePercent: rate.RatePercent}
		place := [2]string{rates[i].Country, rate.Region}
		switch {
		case seen[place]:
			return nil, invalid(fmt.Sprintf("body.items[%d]", i), "listed twice")
		case !decimals(rate.RatePercent, 3):
			return nil, invalid(fmt.Sprintf("body.items[%d].rate_percent", i), "expected at most three digits after the point")
		}
		seen[place] = true
	}
	if err := a.DB.ReplaceTaxRates(ctx, rates); err != nil {
		return nil, err
	}
	return a.getTaxRates(ctx, nil)
}

type shippingZone struct {
	Zone        string         `json:"zone" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
	TransitDays int            `json:"transit_days" minimum:"0" maximum:"365" doc:"What estimated_delivery is worked out from."`
	Countries   []country      `json:"countries" minItems:"1" maxItems:"300" nullable:"false" doc:"A country is in one zone at most."`
	Rates       []shippingRate `json:"rates" minItems:"1" maxItems:"100" nullable:"false"`
}

type shippingRate struct {
	UpToKg   float64       `json:"up_to_kg" minimum:"0.001" maximum:"1000000"`
	Price    money.Amount  `json:"price"`
	FreeFrom *money.Amount `json:"free_from,omitempty" nullable:"true" doc:"Of the goods after discount; left out: never free."`
}

// ShippingRates is the whole table.
type ShippingRates struct {
	Items []shippingZone `json:"items" minItems:"1" maxItems:"300" nullable:"false"`
}

type shippingRatesOutput struct {
	Body ShippingRates
}

type replaceShippingRatesInput struct {
	Body ShippingRates
}

func (a *API) getShippingRates(ctx context.Context, _ *struct{}) (*shippingRatesOutput, error) {
	zones, err := a.DB.ShippingZones(ctx)
	if err != nil {
		return nil, err
	}
	table := ShippingRates{Items: make([]shippingZone, len(zones))}
	for i, zone := range zones {
		shown := shippingZone{Zone: zone.Zone, TransitDays: zone.TransitDays, Countries: []country{}, Rates: []shippingRate{}}
		for _, code := range zone.Countries {
			shown.Countries = append(shown.Countries, country(code))
		}
		for _, rate := range zone.Rates {
			shown.Rates = append(shown.Rates, shippingRate(rate))
		}
		table.Items[i] = shown
	}
	return &shippingRatesOutput{table}, nil
}

func (a *API) replaceShippingRates(ctx context.Context, in *replaceShippingRatesInput) (*shippingRatesOutput, error) {
	zones := make([]store.ShippingZone, len(in.Body.Items))
	names, countries := map[string]bool{}, map[country]bool{}
	for i, sent := range in.Body.Items {
		at := fmt.Sprintf("body.items[%d]", i)
		if names[sent.Zone] {
			return nil, invalid(at+".zone", "listed twice")
		}
		names[sent.Zone] = true
		zones[i] = store.ShippingZone{Zone: sent.Zone, TransitDays: sent.TransitDays}
		for j, code := range sent.Countries {
			if countries[code] {
				return nil, invalid(fmt.Sprintf("%s.countries[%d]", at, j), "is in two zones")
			}
			countries[code] = true
			zones[i].Countries = append(zones[i].Countries, string(code))
		}
		weights := map[float64]bool{}
		for j, rate := range sent.Rates {
			where := fmt.Sprintf("%s.rates[%d]", at, j)
			switch {
			case weights[rate.UpToKg]:
				return nil, invalid(where+".up_to_kg", "listed twice")
			case !decimals(rate.UpToKg, 3):
				return nil, invalid(where+".up_to_kg", "expected at most three digits after the point")
			case rate.Price >= dearest || (rate.FreeFrom != nil && *rate.FreeFrom >= dearest):
				return nil, invalid(where, "expected amounts of less than "+dearest.String())
			}
			weights[rate.UpToKg] = true
			zones[i].Rates = append(zones[i].Rates, store.ShippingRate(rate))
		}
	}
	if err := a.DB.ReplaceShippingZones(ctx, zones); err != nil {
		return nil, err
	}
	return a.getShippingRates(ctx, nil)
}

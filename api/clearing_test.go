package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"mercado/api/apitest"
)

// TestNullClearsWhatMayBeEmpty changes things by null: what may be empty is cleared, what may not stays,
// and so does what was left out.
func TestNullClearsWhatMayBeEmpty(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	customer, _ := shop.NewCustomer()
	product := apitest.Decode[apitest.Made](shop.Vendor(vendor).Post("/api/catalog/products", map[string]any{
		"vendor_id": vendor, "category_id": category, "item_name": "Lamp", "price": "10.00", "cost": "4.00",
	}).Want(http.StatusCreated)).ID
	review := apitest.Decode[apitest.Made](shop.Customer(customer).Post(fmt.Sprintf("/api/catalog/products/%d/reviews", product),
		map[string]any{"rating": 5}).Want(http.StatusCreated)).ID
	endpoint := apitest.Decode[struct{ ID string }](shop.Vendor(vendor).Post("/api/webhooks/endpoints",
		map[string]any{"url": "https://example.com/"}).Want(http.StatusCreated)).ID

	for path, of := range map[string]struct {
		by      *apitest.Client
		full    map[string]any
		cleared map[string]any // by null
		stays   []string       // against null
	}{
		fmt.Sprintf("/api/identity/customers/%d", customer): {
			by:      shop.Customer(customer),
			full:    map[string]any{"first_name": "Ana", "phone": "+351 1", "birth_date": "1990-12-31", "city": "Porto", "country": "PT"},
			cleared: map[string]any{"phone": nil, "birth_date": nil, "city": nil, "country": nil},
			stays:   []string{"first_name"},
		},
		fmt.Sprintf("/api/catalog/products/%d", product): {
			by: shop.Vendor(vendor),
			full: map[string]any{
				"sku": "A", "item_name": "Lamp", "description": "Bright", "brand": "Lux", "model": "L", "price": "11.00",
				"weight_kg": 1.5, "dimensions": "1 × 1", "launch_date": "2026-01-31",
			},
			cleared: map[string]any{
				"sku": nil, "description": "", "brand": "", "model": "", "weight_kg": nil, "dimensions": nil, "launch_date": nil,
			},
			stays: []string{"item_name", "price"},
		},
		fmt.Sprintf("/api/catalog/categories/%d", category): {
			by:      shop.Admin(),
			full:    map[string]any{"name": "Lamps of " + t.Name(), "description": "Light"},
			cleared: map[string]any{"description": ""},
			stays:   []string{"name"},
		},
		fmt.Sprintf("/api/catalog/reviews/%d", review): {
			by:      shop.Customer(customer),
			full:    map[string]any{"rating": 4.0, "title": "Good", "comment": "Very"},
			cleared: map[string]any{"title": "", "comment": ""},
			stays:   []string{"rating"},
		},
		"/api/webhooks/endpoints/" + endpoint: {
			by:      shop.Vendor(vendor),
			full:    map[string]any{"url": "https://example.com/hooks", "description": "Ours"},
			cleared: map[string]any{"description": ""},
			stays:   []string{"url"},
		},
	} {
		want := func(when string, fields map[string]any) {
			t.Helper()
			shown := apitest.Decode[map[string]any](of.by.Get(path).Want(http.StatusOK))
			for name, value := range fields {
				if got, told := shown[name]; !told || got != value {
					t.Errorf("%s %s: %s is %v, want %v", path, when, name, got, value)
				}
			}
		}
		of.by.Patch(path, of.full).Want(http.StatusOK)
		of.by.Patch(path, map[string]any{}).Want(http.StatusOK)
		want("as it was sent", of.full)
		nothing := map[string]any{}
		for name := range of.cleared {
			nothing[name] = nil
		}
		of.by.Patch(path, nothing).Want(http.StatusOK)
		want("after null", of.cleared)
		for _, name := range of.stays {
			of.by.Patch(path, map[string]any{name: nil})
			want("after null for "+name, map[string]any{name: of.full[name]})
		}
	}
	shop.Customer(customer).Patch(fmt.Sprintf("/api/identity/customers/%d", customer), map[string]any{"country": "ZZ"}).
		WantProblem(http.StatusUnprocessableEntity, "validation_failed")
}

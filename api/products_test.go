package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
)

func TestCostIsShownToItsVendorAndOperatorsOnly(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, rival := shop.NewVendor(), shop.NewVendor()
	id := shop.NewProduct(vendor, shop.NewCategory(0), "19.90", 3)
	customer, _ := shop.NewCustomer()
	one := fmt.Sprintf("/api/catalog/products/%d", id)
	for _, path := range []string{one, "/api/catalog/products"} {
		for who, client := range map[string]*apitest.Client{
			"nobody": shop.Anyone(), "a customer": shop.Customer(customer), "another vendor": shop.Vendor(rival),
		} {
			if answer := client.Get(path).Want(http.StatusOK); strings.Contains(string(answer.Body), "cost") {
				t.Errorf("%s sees the cost at %s: %s", who, path, answer.Body)
			}
		}
		for who, client := range map[string]*apitest.Client{"its vendor": shop.Vendor(vendor), "an operator": shop.Admin()} {
			if answer := client.Get(path).Want(http.StatusOK); !strings.Contains(string(answer.Body), `"cost":"1.00"`) {
				t.Errorf("%s does not see the cost at %s: %s", who, path, answer.Body)
			}
		}
	}
}

func TestAVendorManagesTheirOwnProducts(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, rival := shop.NewVendor(), shop.NewVendor()
	category := shop.NewCategory(0)
	body := map[string]any{
		"vendor_id": vendor, "category_id": category, "item_name": "Lamp", "price": "10.00", "cost": "4.5",
		"weight_kg": 1.25, "launch_date": "2026-01-31", "attributes": map[string]any{"colour": "red"}, "stock": 2,
	}
	created := shop.Vendor(vendor).Post("/api/catalog/products", body).Want(http.StatusCreated)
	for _, want := range []string{`"cost":"4.50"`, `"available":2`, `"weight_kg":1.25`, `"launch_date":"2026-01-31"`, `"colour":"red"`, `"currency":"EUR"`} {
		if !strings.Contains(string(created.Body), want) {
			t.Errorf("%s lacks %s", created.Body, want)
		}
	}
	id := apitest.Decode[apitest.Made](created).ID
	path := fmt.Sprintf("/api/catalog/products/%d", id)

	shop.Vendor(rival).Post("/api/catalog/products", body).WantProblem(http.StatusNotFound, "not_found")
	never := maps.Clone(body)
	never["vendor_id"] = 999999999
	shop.Vendor(rival).Post("/api/catalog/products", never).WantProblem(http.StatusNotFound, "not_found")
	shop.Vendor(rival).Patch(path, map[string]any{"price": "1.00"}).WantProblem(http.StatusNotFound, "not_found")
	shop.Vendor(rival).Delete(path).WantProblem(http.StatusNotFound, "not_found")
	shop.Vendor(rival).Get(path+"/inventory").WantProblem(http.StatusNotFound, "not_found")
	shop.Vendor(rival).Post(path+"/inventory", map[string]any{"delta": 1, "reason": "restock"}).
		WantProblem(http.StatusNotFound, "not_found")

	changed := shop.Vendor(vendor).Patch(path, map[string]any{"price": "12"}).Want(http.StatusOK)
	if !strings.Contains(string(changed.Body), `"price":"12.00"`) || !strings.Contains(string(changed.Body), `"item_name":"Lamp"`) {
		t.Errorf("changed: %s", changed.Body)
	}
	shop.Vendor(vendor).Delete(path).Want(http.StatusNoContent)
	if ids := walk(t, shop.Anyone(), "/api/catalog/products", 100); len(ids) != 0 {
		t.Errorf("a deactivated product is listed: %v", ids)
	}
	if ids := walk(t, shop.Vendor(vendor), fmt.Sprintf("/api/catalog/products?include_inactive=true&vendor_id=%d", vendor), 100); !slices.Equal(ids, []int64{id}) {
		t.Errorf("its vendor lists %v", ids)
	}
	shop.Vendor(vendor).Get("/api/catalog/products?include_inactive=true").WantProblem(http.StatusForbidden, "forbidden")
	for _, other := range []int64{rival, 999999999} {
		shop.Vendor(vendor).Get(fmt.Sprintf("/api/catalog/products?include_inactive=true&vendor_id=%d", other)).
			WantProblem(http.StatusNotFound, "not_found")
	}
}

// TestAttributesKeepTheirNumbers sends numbers that no float64 holds, and looks for them as they were sent.
func TestAttributesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	body := func(attributes string) map[string]any {
		return map[string]any{
			"vendor_id": vendor, "category_id": category, "item_name": "Lamp", "price": "10.00", "cost": "4.5",
			"attributes": json.RawMessage(attributes),
		}
	}
	const big, changed = `{"ean":12345678901234567890,"parts":[{"width":0.1}],"size":1.50}`, `{"tenth":0.1,"ean":98765432109876543210.123}`
	created := shop.Vendor(vendor).Post("/api/catalog/products", body(big)).Want(http.StatusCreated)
	path := fmt.Sprintf("/api/catalog/products/%d", apitest.Decode[apitest.Made](created).ID)
	for _, answer := range []*apitest.Answer{
		created, shop.Anyone().Get(path), shop.Vendor(vendor).Patch(path, map[string]any{"price": "9.00"}),
	} {
		if !strings.Contains(string(answer.Body), `"attributes":`+big) {
			t.Errorf("%s lacks %s", answer.Body, big)
		}
	}
	patched := shop.Vendor(vendor).Patch(path, map[string]any{"attributes": json.RawMessage(changed)}).Want(http.StatusOK)
	var shown struct{ Attributes map[string]json.RawMessage }
	patched.Into(&shown)
	if string(shown.Attributes["ean"]) != "98765432109876543210.123" || string(shown.Attributes["tenth"]) != "0.1" {
		t.Errorf("changed: %s", patched.Body)
	}
	for _, wrong := range []string{`{"a":1e400}`, `{"a":1e-400}`, `{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, `{"a":"\u0000"}`} {
		if answer := shop.Vendor(vendor).Post("/api/catalog/products", body(wrong)); answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("%.40s: %d %s", wrong, answer.Status, answer.Body)
		}
	}
}

func TestProductsAreFiltered(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	north, south := shop.NewVendor(), shop.NewVendor()
	root := shop.NewCategory(0)
	leaf := shop.NewCategory(shop.NewCategory(root))
	elsewhere := shop.NewCategory(0)
	cheap := shop.NewProduct(north, leaf, "5.00", 1)
	dear := shop.NewProduct(south, root, "50.00", 1)
	gone := shop.NewProduct(south, elsewhere, "7.00", 0)
	shop.Admin().Patch(fmt.Sprintf("/api/catalog/products/%d", dear), map[string]any{"brand": "Zeta"}).Want(http.StatusOK)
	for query, want := range map[string][]int64{
		"":                                      {cheap, dear},
		"include_out_of_stock=true":             {cheap, dear, gone},
		fmt.Sprintf("category_id=%d", root):     {cheap, dear},
		fmt.Sprintf("category_id=%d", leaf):     {cheap},
		"category_id=999999":                    {},
		fmt.Sprintf("vendor_id=%d", south):      {dear},
		"brand=Zeta":                            {dear},
		"price_from=5.00&price_to=5":            {cheap},
		"price_from=5.01":                       {dear},
		"price_to=6.99&include_out_of_stock=1":  {cheap},
		"price_from=50.01&include_inactive=0":   {},
		"sort=-price&limit=50&brand=Acme":       {cheap},
		"sort=name&vendor_id=999999&price_to=1": {},
	} {
		got := walk(t, shop.Anyone(), "/api/catalog/products?"+query, 100)
		slices.Sort(got)
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
}

func TestAnExpiredHoldIsFreeStock(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 10)
	hold := func(qty int, expires time.Time) {
		t.Helper()
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "select catalog.hold_stock($1, $2, $3, $4)", uuid.New(), id, qty, expires); err != nil {
			t.Fatal(err)
		}
	}
	hold(3, time.Now().Add(time.Hour))
	hold(4, time.Now().Add(-time.Minute))
	balance := shop.Admin().Get(fmt.Sprintf("/api/catalog/products/%d/inventory", id)).Want(http.StatusOK)
	for _, want := range []string{`"on_hand":10`, `"reserved":3`, `"available":7`} {
		if !strings.Contains(string(balance.Body), want) {
			t.Errorf("%s lacks %s", balance.Body, want)
		}
	}
	if listed := apitest.Decode[page](shop.Anyone().Get("/api/catalog/products")); listed.Items[0].Available != 7 {
		t.Errorf("listed with %d available", listed.Items[0].Available)
	}
}

func TestNamesAndReferencesAreChecked(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	admin := shop.Admin()
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	product := func(vendor, category int64) map[string]any {
		return map[string]any{"vendor_id": vendor, "category_id": category, "item_name": "Lamp", "price": "1.00", "cost": "1.00"}
	}
	for _, refused := range []struct {
		vendor, category int64
		location         string
	}{{999999, category, "body.vendor_id"}, {vendor, 999999, "body.category_id"}} {
		problem := admin.Post("/api/catalog/products", product(refused.vendor, refused.category)).
			WantProblem(http.StatusUnprocessableEntity, "unknown_reference")
		if len(problem.Errors) != 1 || problem.Errors[0].Location != refused.location {
			t.Errorf("%+v", problem)
		}
	}
	admin.Post("/api/catalog/vendors", map[string]string{"vendor_name": "Twice", "region": "PT"}).Want(http.StatusCreated)
	admin.Post("/api/catalog/vendors", map[string]string{"vendor_name": " Twice ", "region": "PT"}).
		WantProblem(http.StatusConflict, "name_taken")
	admin.Post("/api/catalog/vendors", map[string]string{"vendor_name": "Nowhere", "region": "XX"}).
		WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	admin.Post("/api/catalog/categories", map[string]any{"name": "Orphan", "parent_id": 999999}).
		WantProblem(http.StatusUnprocessableEntity, "unknown_reference")
	below := shop.NewCategory(shop.NewCategory(category))
	admin.Patch(fmt.Sprintf("/api/catalog/categories/%d", category), map[string]any{"parent_id": below}).
		WantProblem(http.StatusUnprocessableEntity, "category_cycle")
	admin.Patch(fmt.Sprintf("/api/catalog/categories/%d", category), map[string]any{"parent_id": category}).
		WantProblem(http.StatusUnprocessableEntity, "category_cycle")
	if moved := admin.Patch(fmt.Sprintf("/api/catalog/categories/%d", below), map[string]any{"parent_id": 0}).Want(http.StatusOK); !strings.Contains(string(moved.Body), `"parent_id":null`) {
		t.Errorf("moved: %s", moved.Body)
	}
	if roots := walk(t, admin, "/api/catalog/categories?parent_id=0", 1); !slices.Equal(roots, []int64{category, below}) {
		t.Errorf("roots %v", roots)
	}
}

func TestAVendorThatLeavesSellsNothing(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := shop.NewVendor()
	shop.NewProduct(vendor, shop.NewCategory(0), "5.00", 10)
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/vendors/%d", vendor)).Want(http.StatusNoContent)
	if ids := walk(t, shop.Anyone(), "/api/catalog/products", 100); len(ids) != 0 {
		t.Errorf("listed: %v", ids)
	}
	if ids := walk(t, shop.Anyone(), "/api/catalog/vendors", 100); len(ids) != 0 {
		t.Errorf("listed: %v", ids)
	}
	if ids := walk(t, shop.Admin(), "/api/catalog/vendors?include_inactive=true", 100); !slices.Equal(ids, []int64{vendor}) {
		t.Errorf("an operator lists %v", ids)
	}
}

package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/worker/workertest"
)

// goods are what a test orders, straight from items: nobody works on the orders, and nobody waits.
type goods []map[string]any

func item(product, qty int64) map[string]any { return map[string]any{"item_id": product, "qty": qty} }

// orderOf is the body of an order by card, with fields of the address or of the body changed.
func orderOf(items goods, change ...func(body, address map[string]any)) map[string]any {
	body := workertest.CheckoutBody("approve")
	body["items"] = items
	for _, do := range change {
		do(body, body["shipping_address"].(map[string]any))
	}
	return body
}

func to(country, region string) func(body, address map[string]any) {
	return func(_, address map[string]any) {
		address["country"] = country
		if region != "" {
			address["region"] = region
		}
	}
}

func withCode(code string) func(body, address map[string]any) {
	return func(body, _ map[string]any) { body["discount_code"] = code }
}

// placeLater orders under a key of its own, and does not wait.
func placeLater(client *apitest.Client, body map[string]any) *apitest.Answer {
	return client.Post("/api/orders", body, "Idempotency-Key", uuid.NewString(), "Prefer", "respond-async")
}

func newWeighted(t *testing.T, shop *apitest.Shop, price string, kilos float64) int64 {
	t.Helper()
	id := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), price, 100_000)
	if kilos > 0 {
		shop.Admin().Patch(fmt.Sprintf("/api/catalog/products/%d", id), map[string]any{"weight_kg": kilos}, "If-Match", "*").Want(http.StatusOK)
	}
	return id
}

func newDiscount(shop *apitest.Shop, body map[string]any) int64 {
	return apitest.Decode[apitest.Made](shop.Admin().Post("/api/discounts", body).Want(http.StatusCreated)).ID
}

// TestAnOrderIsPricedByItsPlaceWeightAndCode compares what is charged, and what the cart has shown
// before, with the tables of sql/reference.
func TestAnOrderIsPricedByItsPlaceWeightAndCode(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, _ := shop.NewCustomer()
	customer := shop.Customer(id)
	light, cheap, heavy := newWeighted(t, shop, "10.00", 0), newWeighted(t, shop, "3.00", 0), newWeighted(t, shop, "1.00", 10)
	for _, code := range []map[string]any{
		{"code": "TEN", "kind": "percentage", "percent": 10, "uses_per_customer": 0},
		{"code": "odd", "kind": "percentage", "percent": 33.33, "uses_per_customer": 0},
		{"code": "FIVE", "kind": "fixed", "amount": "5.00", "uses_per_customer": 0},
	} {
		newDiscount(shop, code)
	}
	for _, example := range []struct {
		items                              goods
		country, region, code              string
		subtotal, discount, tax, ship, sum string
	}{
		{goods{item(light, 1)}, "PT", "", "", "10.00", "0.00", "2.30", "4.90", "17.20"},
		{goods{item(light, 6)}, "PT", "", "", "60.00", "0.00", "13.80", "0.00", "73.80"},
		{goods{item(light, 6)}, "PT", "", "TEN", "60.00", "6.00", "12.42", "4.90", "71.32"}, // not free any more
		{goods{item(light, 1)}, "PT", "20", "", "10.00", "0.00", "1.60", "4.90", "16.50"},
		{goods{item(light, 1)}, "PT", "99", "", "10.00", "0.00", "2.30", "4.90", "17.20"},
		{goods{item(light, 1)}, "DE", "", " ten ", "10.00", "1.00", "1.71", "4.90", "15.61"},
		{goods{item(light, 1)}, "US", "CA", "", "10.00", "0.00", "0.73", "24.90", "35.63"}, // 0.725, a half up
		{goods{item(light, 1)}, "US", "", "", "10.00", "0.00", "0.00", "24.90", "34.90"},
		{goods{item(heavy, 1)}, "PT", "", "", "1.00", "0.00", "0.23", "9.90", "11.13"},
		{goods{item(heavy, 3), item(light, 1)}, "PT", "", "", "13.00", "0.00", "2.99", "9.90", "25.89"},
		{goods{item(cheap, 1)}, "PT", "", "FIVE", "3.00", "3.00", "0.00", "4.90", "4.90"},
		{goods{item(cheap, 1), item(light, 1)}, "PT", "", "odd", "13.00", "4.33", "1.99", "4.90", "15.56"},
	} {
		name := fmt.Sprint(example)
		change := []func(body, address map[string]any){to(example.country, example.region)}
		query := "?country=" + example.country
		if example.region != "" {
			query += "&region=" + example.region
		}
		if example.code != "" {
			change = append(change, withCode(example.code))
			query += "&discount_code=" + strings.ReplaceAll(example.code, " ", "%20")
		}
		placed := apitest.Decode[order.Document](placeLater(customer, orderOf(example.items, change...)).Want(http.StatusAccepted))
		got := []string{
			placed.Subtotal.String(), placed.DiscountAmount.String(), placed.TaxAmount.String(), placed.ShippingCost.String(), placed.TotalAmount.String(),
		}
		want := []string{example.subtotal, example.discount, example.tax, example.ship, example.sum}
		if !slices.Equal(got, want) {
			t.Errorf("%s is charged %q, want %q", name, got, want)
		}
		wantShared(t, name, placed)

		for _, line := range example.items {
			customer.Put(fmt.Sprintf("/api/cart/items/%d", line["item_id"]), map[string]any{"qty": line["qty"]}).Want(http.StatusOK)
		}
		cart := apitest.Decode[order.Cart](customer.Get("/api/cart" + query).Want(http.StatusOK))
		shown := []string{
			cart.Subtotal.String(), cart.DiscountAmount.String(), cart.TaxAmount.String(), cart.ShippingCost.String(), cart.TotalAmount.String(),
		}
		if !slices.Equal(shown, want) {
			t.Errorf("%s: the cart shows %q, want %q", name, shown, want)
		}
		customer.Delete("/api/cart").Want(http.StatusOK)
	}

	placeLater(customer, orderOf(goods{item(light, 1)}, to("BR", ""))).WantProblem(http.StatusUnprocessableEntity, "not_shippable")
	placeLater(customer, orderOf(goods{item(heavy, 11)}, to("NO", ""))).WantProblem(http.StatusUnprocessableEntity, "not_shippable")
	customer.Get("/api/cart?country=BR").WantProblem(http.StatusUnprocessableEntity, "not_shippable")
}

// wantShared fails unless the lines hold the order's discount by their worth, to the cent.
func wantShared(t *testing.T, name string, placed order.Document) {
	t.Helper()
	var worth []money.Amount
	for _, line := range placed.Items {
		worth = append(worth, line.UnitPrice*money.Amount(line.Qty))
	}
	for i, part := range order.Share(placed.DiscountAmount, worth) {
		if line := placed.Items[i]; line.DiscountAmount != part || line.TotalPrice != worth[i]-part {
			t.Errorf("%s: line %d is %+v, want %s off", name, i, line, part)
		}
	}
}

func TestTheCartIsPricedForTheCustomersOwnCountry(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, _ := shop.NewCustomer()
	customer := shop.Customer(id)
	customer.Put(fmt.Sprintf("/api/cart/items/%d", newWeighted(t, shop, "10.00", 0)), map[string]any{"qty": 1}).Want(http.StatusOK)
	cart := apitest.Decode[order.Cart](customer.Get("/api/cart").Want(http.StatusOK))
	if cart.TaxAmount != nil || cart.ShippingCost != nil || cart.Country != nil || cart.TotalAmount != 1000 {
		t.Errorf("without a country the cart is %+v", cart)
	}
	for country, total := range map[string]money.Amount{"FR": 1690, "BR": 1000} { // nothing is sent to Brazil
		customer.Patch(fmt.Sprintf("/api/identity/customers/%d", id), map[string]any{"country": country}).Want(http.StatusOK)
		cart = apitest.Decode[order.Cart](customer.Get("/api/cart").Want(http.StatusOK))
		if cart.TotalAmount != total || (cart.Country != nil) != (country == "FR") {
			t.Errorf("in %s the cart is %+v", country, cart)
		}
	}
}

type rateTable struct {
	Items []map[string]any `json:"items"`
}

func TestRatesAreReplacedAndKept(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	admin := shop.Admin()
	id, _ := shop.NewCustomer()
	product := newWeighted(t, shop, "10.00", 0)

	const tax, shipping = "/api/admin/tax-rates", "/api/admin/shipping-rates"

	before := apitest.Decode[rateTable](admin.Get(tax).Want(http.StatusOK))
	admin.Put(tax, before).Want(http.StatusOK)
	if after := apitest.Decode[rateTable](admin.Get(tax).Want(http.StatusOK)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the table put back is %v, want %v", after, before)
	}
	zones := apitest.Decode[rateTable](admin.Get(shipping).Want(http.StatusOK))
	admin.Put(shipping, zones).Want(http.StatusOK)
	if after := apitest.Decode[rateTable](admin.Get(shipping).Want(http.StatusOK)); fmt.Sprint(after) != fmt.Sprint(zones) {
		t.Errorf("the table put back is %v, want %v", after, zones)
	}

	rate := func(country string, percent float64) map[string]any {
		return map[string]any{"country": country, "rate_percent": percent}
	}
	zone := func(name, country string, kilos ...float64) map[string]any {
		rates := []map[string]any{}
		for _, up := range kilos {
			rates = append(rates, map[string]any{"up_to_kg": up, "price": "1.00"})
		}
		return map[string]any{"zone": name, "transit_days": 1, "countries": []string{country}, "rates": rates}
	}
	for path, bodies := range map[string][]any{
		tax: {
			[]any{}, []any{rate("PT", 101)}, []any{rate("PT", -1)}, []any{rate("PT", 1.2345)}, []any{rate("XX", 1)},
			[]any{rate("PT", 1), rate("PT", 2)},
		},
		shipping: {
			[]any{}, []any{zone("a", "PT")}, []any{zone("a", "PT", 0)}, []any{zone("a", "PT", 1, 1)},
			[]any{zone("a", "PT", 1), zone("b", "PT", 1)}, []any{zone("a", "PT", 1), zone("a", "ES", 1)},
		},
	} {
		for _, items := range bodies {
			admin.Put(path, map[string]any{"items": items}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
		}
	}
	admin.Put(tax, map[string]any{"items": []any{rate("PT", 50)}}).Want(http.StatusOK)
	admin.Put(shipping, map[string]any{"items": []any{zone("all", "PT", 1)}}).Want(http.StatusOK)
	// Whoever migrates next finds tables, and leaves them alone.
	if _, err := store.MigrateShop(t.Context(), shop.World.Database.URL); err != nil {
		t.Fatal(err)
	}
	placed := apitest.Decode[order.Document](placeLater(shop.Customer(id), orderOf(goods{item(product, 1)})).Want(http.StatusAccepted))
	if placed.TaxAmount != 500 || placed.ShippingCost != 100 {
		t.Errorf("charged %+v", placed)
	}
	placeLater(shop.Customer(id), orderOf(goods{item(product, 1)}, to("ES", ""))).WantProblem(http.StatusUnprocessableEntity, "not_shippable")
	for _, path := range []string{tax, shipping} {
		shop.Customer(id).Get(path).WantProblem(http.StatusForbidden, "forbidden")
	}
}

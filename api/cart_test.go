package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/worker/workertest"
)

// TestTheDearestCartCanBeBought fills a cart with as much as it takes, of the dearest there is.
func TestTheDearestCartCanBeBought(t *testing.T) {
	t.Parallel()
	const lines, qty, subtotal, total = 100, 10_000, "999999999990000.00", "1229999999987700.00"
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	id, _ := shop.NewCustomer()
	customer := shop.Customer(id)
	item := func() string {
		return fmt.Sprintf("/api/cart/items/%d", shop.NewProduct(vendor, category, "999999999.99", qty))
	}
	first := item()
	customer.Put(first, map[string]any{"qty": qty + 1}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	customer.Put(first, map[string]any{"qty": qty}).Want(http.StatusOK)
	for range lines - 1 {
		customer.Put(item(), map[string]any{"qty": qty}).Want(http.StatusOK)
	}
	customer.Put(item(), map[string]any{"qty": 1}).WantProblem(http.StatusConflict, "cart_full")
	customer.Put(first, map[string]any{"qty": qty}).Want(http.StatusOK) // what is there may still change

	cart := apitest.Decode[order.Cart](customer.Get("/api/cart").Want(http.StatusOK))
	if len(cart.Items) != lines || cart.TotalAmount.String() != subtotal {
		t.Errorf("%d lines, %s", len(cart.Items), cart.TotalAmount)
	}
	placed := uuid.Must(uuid.NewV7())
	if _, err := shop.Deps.DB.PlaceOrder(t.Context(), store.Checkout{
		OrderID: placed, PaymentID: uuid.New(), CustomerID: id, Key: "1", RequestHash: []byte{1},
		PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
		ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
	}); err != nil {
		t.Fatal(err)
	}
	shown := apitest.Decode[order.Document](customer.Get("/api/orders/" + placed.String()).Want(http.StatusOK))
	if shown.TotalAmount.String() != total {
		t.Errorf("ordered for %s", shown.TotalAmount)
	}
}

// TestWhatChangedInACartIsShownAndRefused has one price go up, one come down and one product go.
func TestWhatChangedInACartIsShownAndRefused(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	id, _ := shop.NewCustomer()
	customer := shop.Customer(id)
	dearer, cheaper, same, gone := shop.NewProduct(vendor, category, "10.00", 9), shop.NewProduct(vendor, category, "20.00", 9),
		shop.NewProduct(vendor, category, "30.00", 9), shop.NewProduct(vendor, category, "40.00", 9)
	for _, product := range []int64{dearer, cheaper, same, gone} {
		customer.Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)
	}
	change := func(product int64, field string, value any) {
		shop.Admin().Patch(fmt.Sprintf("/api/catalog/products/%d", product), map[string]any{field: value}, "If-Match", "*").Want(http.StatusOK)
	}
	change(dearer, "price", "11.00")
	change(cheaper, "price", "19.00")
	change(gone, "is_active", false)

	cart := apitest.Decode[order.Cart](customer.Get("/api/cart").Want(http.StatusOK))
	for _, line := range cart.Items {
		if line.PriceChanged != (line.ItemID == dearer || line.ItemID == cheaper) || line.IsAvailable == (line.ItemID == gone) {
			t.Errorf("the cart shows %+v", line)
		}
	}
	checkOut := func(accept bool) *apitest.Answer {
		body := workertest.CheckoutBody("approve")
		body["accept_price_changes"] = accept
		return customer.Post("/api/checkout", body, "Idempotency-Key", "key", "Prefer", "respond-async")
	}
	where := func(answer *apitest.Answer) (locations []string) {
		for _, field := range apitest.Decode[api.Problem](answer).Errors {
			locations = append(locations, field.Location+" "+field.Message)
		}
		return locations
	}
	// What is gone cannot be accepted; what costs something else can, whichever way it went.
	for _, accept := range []bool{false, true} {
		refused := checkOut(accept)
		refused.WantProblem(http.StatusConflict, "product_unavailable")
		if got, want := where(refused), []string{fmt.Sprintf("items[%d] not for sale", gone)}; !slices.Equal(got, want) {
			t.Errorf("refused for %q, want %q", got, want)
		}
	}
	customer.Delete(fmt.Sprintf("/api/cart/items/%d", gone)).Want(http.StatusOK)
	refused := checkOut(false)
	refused.WantProblem(http.StatusConflict, "price_changed")
	want := []string{fmt.Sprintf("items[%d] was 10.00, is 11.00", dearer), fmt.Sprintf("items[%d] was 20.00, is 19.00", cheaper)}
	if got := where(refused); !slices.Equal(got, want) {
		t.Errorf("refused for %q, want %q", got, want)
	}
	wantRows(t, shop, "ordering.orders", 0)
	placed := apitest.Decode[order.Document](checkOut(true).Want(http.StatusAccepted))
	if placed.Subtotal != 6000 {
		t.Errorf("placed %+v", placed)
	}
}

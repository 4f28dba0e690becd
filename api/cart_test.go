package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store"
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

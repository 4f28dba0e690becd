package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/temporal"
)

type orderList struct {
	Items      []order.Document `json:"items"`
	NextCursor *string          `json:"next_cursor"`
}

// placed writes pending orders for a customer: nobody works on them here.
func placed(t *testing.T, shop *apitest.Shop, customer, product int64, count int) []uuid.UUID {
	t.Helper()
	ids := make([]uuid.UUID, count)
	for i := range ids {
		shop.Customer(customer).Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)
		ids[i] = uuid.Must(uuid.NewV7())
		if _, err := shop.Deps.DB.PlaceOrder(t.Context(), store.Checkout{
			OrderID: ids[i], PaymentID: uuid.New(), CustomerID: customer, Key: ids[i].String(), RequestHash: []byte{1},
			PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
			ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Deps.DB.CancelOrder(t.Context(), store.Cancellation{
			OrderID: ids[i], Reason: order.PaymentDeclined, Status: http.StatusPaymentRequired, Answer: struct{}{},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func TestOrdersAreSeenByTheirCustomerAndOperators(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 100)
	ana, _ := shop.NewCustomer()
	rui, _ := shop.NewCustomer()
	anas := placed(t, shop, ana, product, 5)
	ruis := placed(t, shop, rui, product, 1)

	shop.Customer(rui).Get("/api/orders/"+anas[0].String()).WantProblem(http.StatusNotFound, "not_found")
	shop.Customer(ana).Get("/api/orders/"+uuid.NewString()).WantProblem(http.StatusNotFound, "not_found")
	shop.Customer(ana).Get("/api/orders/" + anas[0].String()).Want(http.StatusOK)
	shop.Admin().Get("/api/orders/" + ruis[0].String()).Want(http.StatusOK)
	if found := apitest.Decode[orderList](shop.Customer(rui).Get(fmt.Sprintf("/api/orders?customer_id=%d", ana)).Want(http.StatusOK)); len(found.Items) != 0 {
		t.Errorf("somebody else's orders are listed: %+v", found)
	}
	for query, want := range map[string]int{
		"": 6, fmt.Sprintf("?customer_id=%d", ana): 5, "?status=cancelled": 6, "?status=confirmed": 0,
		"?placed_from=2020-01-01T00:00:00Z": 6, "?placed_before=2020-01-01T00:00:00Z": 0,
	} {
		if found := apitest.Decode[orderList](shop.Admin().Get("/api/orders" + query).Want(http.StatusOK)); len(found.Items) != want {
			t.Errorf("%q lists %d orders, want %d", query, len(found.Items), want)
		}
	}

	var seen []uuid.UUID
	for path := "/api/orders?limit=2"; ; {
		page := apitest.Decode[orderList](shop.Customer(ana).Get(path).Want(http.StatusOK))
		for _, item := range page.Items {
			seen = append([]uuid.UUID{item.ID}, seen...)
		}
		if page.NextCursor == nil {
			break
		}
		path = "/api/orders?limit=2&cursor=" + *page.NextCursor
	}
	if fmt.Sprint(seen) != fmt.Sprint(anas) {
		t.Errorf("the pages list %v, want %v", seen, anas)
	}
}

// TestBadCheckoutWritesNothing sends what a checkout must refuse.
func TestBadCheckoutWritesNothing(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 10)
	ana, _ := shop.NewCustomer()
	customer := shop.Customer(ana)
	item := fmt.Sprintf("/api/cart/items/%d", product)

	for _, body := range []any{
		`{"qty":0}`, `{"qty":-1}`, `{"qty":10001}`, `{"qty":1.5}`, `{"qty":"1"}`, `{}`, `{"qty":1,"unit_price":"0.01"}`,
		`{"qty":1,"price":"0.01"}`, `{"qty":1,"unknown":true}`,
	} {
		customer.Put(item, body).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	customer.Put("/api/cart/items/999999", `{"qty":1}`).WantProblem(http.StatusNotFound, "not_found")
	customer.Put(item, `{"qty":11}`).WantProblem(http.StatusConflict, "out_of_stock")
	shop.Admin().Put(item, `{"qty":1}`).WantProblem(http.StatusForbidden, "forbidden")
	shop.Anyone().Put(item, `{"qty":1}`).WantProblem(http.StatusUnauthorized, "unauthenticated")
	shop.Customer(999999).Put(item, `{"qty":1}`).WantProblem(http.StatusForbidden, "customer_inactive")
	wantRows(t, shop, "ordering.carts", 0)
	wantRows(t, shop, "catalog.holds", 0)

	good := func(change func(map[string]any)) map[string]any {
		body := map[string]any{
			"payment_method":   map[string]any{"type": "card", "token": "approve"},
			"shipping_address": map[string]any{"line1": "Rua Augusta 1", "city": "Lisboa", "country": "PT", "postal_code": "1100-048"},
		}
		change(body)
		return body
	}
	checkout := func(change func(map[string]any)) *apitest.Answer {
		return customer.Post("/api/checkout", good(change), "Idempotency-Key", "key")
	}
	checkout(func(map[string]any) {}).WantProblem(http.StatusConflict, "cart_empty")
	customer.Put(item, `{"qty":1}`).Want(http.StatusOK)
	customer.Post("/api/checkout", good(func(map[string]any) {})).WantProblem(http.StatusBadRequest, "idempotency_key_missing")
	checkout(func(b map[string]any) { b["discount_code"] = "TEN" }).WantProblem(http.StatusUnprocessableEntity, "unknown_discount_code")
	for _, change := range []func(map[string]any){
		func(b map[string]any) { b["total_amount"] = "0.01" },
		func(b map[string]any) { b["unknown"] = 1 },
		func(b map[string]any) { delete(b, "payment_method") },
		func(b map[string]any) { delete(b, "shipping_address") },
		func(b map[string]any) { b["payment_method"] = map[string]any{"type": "card"} },
		func(b map[string]any) { b["payment_method"] = map[string]any{"type": "barter", "token": "approve"} },
		func(b map[string]any) { b["payment_method"] = map[string]any{"type": "wallet", "token": ""} },
		func(b map[string]any) { b["payment_method"] = map[string]any{"type": "cash", "token": "x"} },
		func(b map[string]any) { b["shipping_address"] = map[string]any{"line1": "x"} },
		func(b map[string]any) { b["accept_price_changes"] = "yes" },
	} {
		checkout(change).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	customer.Post("/api/checkout", good(func(map[string]any) {}), "Idempotency-Key", strings.Repeat("k", 256)).
		WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	checkout(func(b map[string]any) { b["discount_code"] = strings.Repeat("x", 1<<20) }).
		WantProblem(http.StatusRequestEntityTooLarge, "body_too_large")
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/products/%d", product)).Want(http.StatusNoContent)
	checkout(func(map[string]any) {}).WantProblem(http.StatusConflict, "product_unavailable")
	wantRows(t, shop, "ordering.orders", 0)
	wantRows(t, shop, "ordering.idempotency_keys", 0)
	wantRows(t, shop, "ordering.payments", 0)
	wantRows(t, shop, "catalog.holds", 1)
}

func wantRows(t *testing.T, shop *apitest.Shop, table string, want int) {
	t.Helper()
	var rows int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&rows); err != nil || rows != want {
		t.Errorf("%s has %d rows, %v; want %d", table, rows, err, want)
	}
}

// TestOrderIsAcceptedWhileTemporalIsAway: what the customer has sent is kept, and worked on later.
func TestOrderIsAcceptedWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, func(deps *api.Deps) {
		away := deps.Workflow
		away.Address = "127.0.0.1:1"
		workflows, err := temporal.NewLazy(away)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(workflows.Close)
		deps.Temporal = workflows
	})
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 10)
	ana, _ := shop.NewCustomer()
	shop.Customer(ana).Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)
	body := map[string]any{
		"payment_method":   map[string]any{"type": "card", "token": "approve"},
		"shipping_address": map[string]any{"line1": "Rua Augusta 1", "city": "Lisboa", "country": "PT", "postal_code": "1100-048"},
	}
	accepted := apitest.Decode[order.Document](shop.Customer(ana).Post("/api/checkout", body, "Idempotency-Key", "key").Want(http.StatusAccepted))
	if accepted.Status != order.Pending {
		t.Errorf("accepted: %+v", accepted)
	}
	shop.Customer(ana).Post("/api/checkout", body, "Idempotency-Key", "key").WantProblem(http.StatusConflict, "idempotency_in_flight")
	wantRows(t, shop, "ordering.orders", 1)
}

package worker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

func TestAnOrderIsPlacedStraightFromItems(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(3, 10)
	buyer := shop.NewBuyer()
	buyer.Put(products[2], 4).Want(http.StatusOK) // the cart has nothing to do with it
	body := workertest.CheckoutBody("approve")
	body["items"] = []map[string]any{{"item_id": products[1], "qty": 2}, {"item_id": products[0], "qty": 1}}
	body["notes"] = "leave it at the door"

	placed := apitest.Decode[order.Document](buyer.Post("/api/orders", body, "Idempotency-Key", "key").Want(http.StatusCreated))
	if placed.Channel != "api" || placed.Status != order.Confirmed || placed.Subtotal != 5000 || placed.Notes != "leave it at the door" ||
		len(placed.Items) != 2 || placed.Items[0].ItemID != products[1] || placed.EstimatedDelivery == nil ||
		!placed.EstimatedDelivery.After(placed.OrderDate) {
		t.Errorf("placed %+v", placed)
	}
	shop.WantStock(products[0], 9, 0)
	shop.WantStock(products[1], 8, 0)
	if cart := apitest.Decode[order.Cart](buyer.Get("/api/cart").Want(http.StatusOK)); len(cart.Items) != 1 || cart.Items[0].Hold != "held" {
		t.Errorf("the cart is %+v", cart)
	}
	shop.AwaitStatus(placed.ID, order.Delivered)
	if charges := shop.Charges(placed.ID); charges.Counts.Authorizations != 1 || charges.Captured != placed.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestAnOrderOfItemsIsAllOrNothing asks for one thing that is there and one that is not.
func TestAnOrderOfItemsIsAllOrNothing(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	products := shop.NewProducts(3, 5)
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/products/%d", products[2])).Want(http.StatusNoContent)
	buyer := shop.NewBuyer()
	items := func(pairs ...int64) map[string]any {
		body := workertest.CheckoutBody("approve")
		var list []map[string]any
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, map[string]any{"item_id": pairs[i], "qty": pairs[i+1]})
		}
		body["items"] = list
		return body
	}
	post := func(body any) *apitest.Answer {
		return buyer.Post("/api/orders", body, "Idempotency-Key", uuid.NewString())
	}
	post(items(products[0], 5, products[1], 6)).WantProblem(http.StatusConflict, "out_of_stock")
	post(items(products[0], 1, products[2], 1)).WantProblem(http.StatusConflict, "product_unavailable")
	post(items(products[0], 1, 999_999, 1)).WantProblem(http.StatusConflict, "product_unavailable")
	post(items(products[0], 1, products[1], 1, products[0], 1)).WantProblem(http.StatusUnprocessableEntity, "duplicate_item")
	for _, list := range []map[string]any{
		items(), items(products[0], 0), items(products[0], -1), items(products[0], 10_001), items(0, 1),
	} {
		post(list).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	var many []int64
	for i := range int64(101) {
		many = append(many, i+1, 1)
	}
	post(items(many...)).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	shop.WantStock(products[0], 5, 0)
	shop.WantStock(products[1], 5, 0)
	found := apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items
	if len(found) != 1 || found[0].Status != order.Cancelled || *found[0].CancelReason != string(order.OutOfStock) {
		t.Errorf("the orders are %+v, want the one that found no stock", found)
	}
}

// TestTheKeyStandsForWhatWasMeant sends the same order in other words, and another in the same.
func TestTheKeyStandsForWhatWasMeant(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	const address = `{"line1":"Rua Augusta 1","city":"Lisboa","country":"PT","postal_code":"1100-048"}`
	body := func(format string) string { return strings.ReplaceAll(format, "PRODUCT", fmt.Sprint(product)) }
	first := buyer.Post("/api/orders", body(
		`{"items":[{"item_id":PRODUCT,"qty":1}],"payment_method":{"type":"card","token":"approve"},"shipping_address":`+address+`}`,
	), "Idempotency-Key", "key").Want(http.StatusCreated)
	for _, same := range []string{
		`{ "shipping_address": ` + address + `, "payment_method": {"token": "approve", "type": "card"}, "items": [ {"qty": 1, "item_id": PRODUCT} ] }`,
		`{"items":[{"item_id":PRODUCT,"qty":1}],"payment_method":{"type":"card","token":"approve"},"shipping_address":` + address + `,"discount_code":null,"notes":null,"accept_price_changes":null}`,
		`{"items":[{"item_id":PRODUCT,"qty":1}],"payment_method":{"type":"c\u0061rd","token":"approve"},"shipping_address":` + address + `,"discount_code":"","accept_price_changes":false}`,
	} {
		again := buyer.Post("/api/orders", body(same), "Idempotency-Key", "key").Want(http.StatusCreated)
		if string(again.Body) != string(first.Body) || again.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("the first answer was\n%s\nthe second\n%s", first.Body, again.Body)
		}
	}
	for _, other := range []string{
		`{"items":[{"item_id":PRODUCT,"qty":2}],"payment_method":{"type":"card","token":"approve"},"shipping_address":` + address + `}`,
		`{"items":[{"item_id":PRODUCT,"qty":1}],"payment_method":{"type":"wallet","token":"approve"},"shipping_address":` + address + `}`,
		`{"items":[{"item_id":PRODUCT,"qty":1}],"payment_method":{"type":"card","token":"approve"},"shipping_address":` + address + `,"notes":"x"}`,
	} {
		buyer.Post("/api/orders", body(other), "Idempotency-Key", "key").WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")
	}
	// The key is the customer's, whatever it is sent with.
	buyer.Put(product, 1).Want(http.StatusOK)
	buyer.BuyAgain("key", "approve").WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")

	// A refusal that left an order is given again to the letter; one that left none leaves the key free.
	declined := orderBody(product, "decline", "")
	refused := buyer.Post("/api/orders", declined, "Idempotency-Key", "declined")
	refused.WantProblem(http.StatusPaymentRequired, "payment_declined")
	again := buyer.Post("/api/orders", declined, "Idempotency-Key", "declined")
	again.WantProblem(http.StatusPaymentRequired, "payment_declined")
	if string(again.Body) != string(refused.Body) {
		t.Errorf("refused with\n%s\nthen with\n%s", refused.Body, again.Body)
	}
	abroad := orderBody(product, "approve", "")
	abroad["shipping_address"].(map[string]any)["country"] = "BR"
	buyer.Post("/api/orders", abroad, "Idempotency-Key", "free").WantProblem(http.StatusUnprocessableEntity, "not_shippable")
	buyer.Post("/api/orders", orderBody(product, "approve", ""), "Idempotency-Key", "free").Want(http.StatusCreated)
}

// TestAnOrderMayBeLeftToItself sends Prefer: respond-async in the forms it has.
func TestAnOrderMayBeLeftToItself(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 100)[0]
	buyer := shop.NewBuyer()
	for i, prefer := range []string{"respond-async", "Respond-Async", "wait=10, respond-async", " respond-async ,handling=lenient"} {
		key := fmt.Sprint("key ", i)
		answer := buyer.Post("/api/orders", orderBody(product, "slow", ""), "Idempotency-Key", key, "Prefer", prefer).Want(http.StatusAccepted)
		placed := apitest.Decode[order.Document](answer)
		if location := answer.Header.Get("Location"); location != "/api/orders/"+placed.ID.String() || placed.Status == order.Cancelled {
			t.Errorf("%q: Location is %q, the order %+v", prefer, location, placed)
		}
		// While it is under way the key is taken; afterwards it gives the order.
		workertest.Await(t, "the outcome under the key", func() bool {
			again := buyer.Post("/api/orders", orderBody(product, "slow", ""), "Idempotency-Key", key)
			if again.Status == http.StatusConflict {
				again.WantProblem(http.StatusConflict, "idempotency_in_flight")
				return false
			}
			return apitest.Decode[order.Document](again.Want(http.StatusCreated)).ID == placed.ID
		})
	}
	for _, prefer := range []string{"", "wait=10", "respond-asynchronously"} {
		buyer.Post("/api/orders", orderBody(product, "approve", ""), "Idempotency-Key", "waits "+prefer, "Prefer", prefer).Want(http.StatusCreated)
	}
}

// TestAnOrderByTransferIsAnsweredAtOnce, and to the letter when it is sent again.
func TestAnOrderByTransferIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	body := orderBody(product, "", "")
	body["payment_method"] = map[string]any{"type": "bank_transfer"}
	first := buyer.Post("/api/orders", body, "Idempotency-Key", "key").Want(http.StatusAccepted)
	placed := apitest.Decode[order.Document](first)
	if placed.Status != order.Pending || placed.PaymentMethod != "bank_transfer" || first.Header.Get("Location") != "/api/orders/"+placed.ID.String() {
		t.Errorf("placed %+v", placed)
	}
	again := buyer.Post("/api/orders", body, "Idempotency-Key", "key").Want(http.StatusAccepted)
	if string(again.Body) != string(first.Body) || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("the first answer was\n%s\nthe second\n%s", first.Body, again.Body)
	}
	shop.WantStock(product, 10, 1)
}

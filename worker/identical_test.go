package worker_test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// identical is how many copies of one request are sent at once.
const identical = 50

// TestIdenticalRequestsAreOneRequest sends each request that must not be done twice fifty times at
// once, under one key: it is done once, and everybody gets the same answer, those who were told that
// it is in flight when they ask again.
func TestIdenticalRequestsAreOneRequest(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 1000)[0]
	inCart := func(token string) func(*workertest.Buyer) map[string]any {
		return func(buyer *workertest.Buyer) map[string]any {
			buyer.Put(product, 2).Want(http.StatusOK)
			return workertest.CheckoutBody(token)
		}
	}
	counter := func(payment map[string]any) func(*workertest.Buyer) map[string]any {
		return func(buyer *workertest.Buyer) map[string]any {
			return map[string]any{
				"customer_id": buyer.ID, "channel": "counter", "payment_method": payment,
				"items": []map[string]any{{"item_id": product, "qty": 4}},
			}
		}
	}
	admin := func(*workertest.Buyer) *apitest.Client { return shop.Admin() }
	for what, request := range map[string]struct {
		path   string
		body   func(buyer *workertest.Buyer) map[string]any
		as     func(buyer *workertest.Buyer) *apitest.Client // nil: the buyer asks
		status int
		sold   int64
		asked  int // how often the provider is asked to pay
	}{
		"checkout":                    {path: "/api/checkout", status: http.StatusCreated, sold: 2, asked: 1, body: inCart("slow")},
		"a checkout that is declined": {path: "/api/checkout", status: http.StatusPaymentRequired, asked: 1, body: inCart("decline")},
		"an order without a cart": {
			path: "/api/orders", status: http.StatusCreated, sold: 3, asked: 1,
			body: func(*workertest.Buyer) map[string]any {
				body := workertest.CheckoutBody("slow")
				body["items"] = []map[string]any{{"item_id": product, "qty": 3}}
				return body
			},
		},
		"a sale at the counter": {
			path: "/api/sales", status: http.StatusCreated, sold: 4, asked: 1,
			as: admin, body: counter(map[string]any{"type": "card", "token": "slow"}),
		},
		"a sale in cash": {
			path: "/api/sales", status: http.StatusCreated, sold: 4,
			as: admin, body: counter(map[string]any{"type": "cash"}),
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			buyer := shop.NewBuyer()
			body, key, client := request.body(buyer), uuid.NewString(), buyer.Client
			if request.as != nil {
				client = request.as(buyer)
			}
			first := sameAnswer(t, func() *apitest.Answer { return client.Post(request.path, body, "Idempotency-Key", key) })
			first.Want(request.status)
			var placed, left int64
			if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
				select
					count(distinct orders.id),
					coalesce(-sum(ledger.on_hand_delta), 0)
				from ordering.orders
				left join catalog.stock_ledger as ledger
					on ledger.reference_type = 'order' and ledger.reference_id = orders.id::text
				where orders.customer_id = $1`, buyer.ID).Scan(&placed, &left); err != nil {
				t.Fatal(err)
			}
			if placed != 1 || left != request.sold {
				t.Errorf("%d orders were placed and %d units left the shelf; want one order and %d units", placed, left, request.sold)
			}
			var id uuid.UUID
			if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.orders where customer_id = $1", buyer.ID).Scan(&id); err != nil {
				t.Fatal(err)
			}
			if charges := shop.Charges(id); charges.Counts.Authorizations+charges.Counts.Declines != request.asked {
				t.Errorf("the provider has done %+v", charges)
			}
		})
	}
}

// TestIdenticalRequestsAfterTheSaleAreOneRequest is the same for what happens to an order later.
func TestIdenticalRequestsAfterTheSaleAreOneRequest(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 100)[0]
	buyer, id := buy(shop, "approve", 3, product)
	delivered := shop.AwaitStatus(id, order.Delivered)

	key := uuid.NewString()
	sameAnswer(t, func() *apitest.Answer {
		return buyer.Post(orderPath(id, "/returns"), units(product, 1), "Idempotency-Key", key)
	}).Want(http.StatusCreated)
	returns := apitest.Decode[struct{ Items []order.Return }](buyer.Get(orderPath(id, "/returns")).Want(http.StatusOK)).Items
	if len(returns) != 1 {
		t.Errorf("%d returns were asked for", len(returns))
	}

	admin := shop.Admin()
	sameAnswer(t, func() *apitest.Answer {
		return admin.Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", key)
	}).Want(http.StatusCreated)
	refunds := refundsOf(shop, id)
	if len(refunds) != 1 || refunds[0].Amount >= delivered.TotalAmount {
		t.Fatalf("the refunds are %+v", refunds)
	}
	workertest.Await(t, "the refund to be paid", func() bool { return refundsOf(shop, id)[0].Status == "completed" })
	if charges := shop.Charges(id); charges.Counts.Refunds != 1 || charges.Refunded != refunds[0].Amount {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 97, 0)
}

// TestIdenticalRequestsOfVendorsAreOneRequest is the same for what a vendor adds: units on the shelf, and
// products. Without a key each of them is a request of its own.
func TestIdenticalRequestsOfVendorsAreOneRequest(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendorID := shop.NewVendor()
	vendor, category := shop.Vendor(vendorID), shop.NewCategory(0)
	product := shop.NewProduct(vendorID, category, "10.00", 100)
	inventory := fmt.Sprintf("/api/catalog/products/%d/inventory", product)
	restock := map[string]any{"delta": 7, "reason": "restock", "reference": "delivery note 1"}
	lamp := map[string]any{
		"vendor_id": vendorID, "category_id": category, "item_name": "Lamp", "price": "10.00", "cost": "4.00", "stock": 3,
		"weight_kg": 1.25, "launch_date": "2026-01-31", "attributes": map[string]any{"colour": "red"},
	}
	products := func() (count int) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.products where vendor_id = $1", vendorID).Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	key := uuid.NewString()
	sameAnswer(t, func() *apitest.Answer { return vendor.Post(inventory, restock, "Idempotency-Key", key) }).Want(http.StatusCreated)
	shop.WantStock(product, 107, 0)
	vendor.Post("/api/catalog/products", lamp, "Idempotency-Key", key).WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")

	another := uuid.NewString()
	first := sameAnswer(t, func() *apitest.Answer { return vendor.Post("/api/catalog/products", lamp, "Idempotency-Key", another) }).Want(http.StatusCreated)
	if made := products(); made != 2 {
		t.Errorf("the vendor has %d products, want the lamp and the one before", made)
	}
	lampPath := fmt.Sprintf("/api/catalog/products/%d", apitest.Decode[apitest.Made](first).ID)
	vendor.Patch(lampPath, map[string]any{"price": "11.00"}, "If-Match", first.Header.Get("ETag")).Want(http.StatusOK)
	again := vendor.Post("/api/catalog/products", lamp, "Idempotency-Key", another).Want(http.StatusCreated)
	if string(again.Body) != string(first.Body) || again.Header.Get("ETag") != first.Header.Get("ETag") {
		t.Errorf("the first answer was %s %s, later it is %s %s", first.Header.Get("ETag"), first.Body, again.Header.Get("ETag"), again.Body)
	}

	// A refusal leaves the key free.
	tooMany := map[string]any{"delta": -1000, "reason": "shrinkage"}
	third := uuid.NewString()
	vendor.Post(inventory, tooMany, "Idempotency-Key", third).WantProblem(http.StatusConflict, "insufficient_stock")
	vendor.Post(inventory, restock, "Idempotency-Key", third).Want(http.StatusCreated)
	vendor.Post(inventory, restock).Want(http.StatusCreated)
	vendor.Post(inventory, restock).Want(http.StatusCreated)
	vendor.Post("/api/catalog/products", lamp).Want(http.StatusCreated)
	shop.WantStock(product, 100+4*7, 0)
	if made := products(); made != 3 {
		t.Errorf("the vendor has %d products, want 3", made)
	}
	// Others may use the same key.
	otherID := shop.NewVendor()
	lamp["vendor_id"] = otherID
	shop.Vendor(otherID).Post("/api/catalog/products", lamp, "Idempotency-Key", another).Want(http.StatusCreated)
	wantBooks(t, shop, "afterwards")
}

// TestIdenticalCancellationsAreOne needs no key: an order is cancelled once.
func TestIdenticalCancellationsAreOne(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 100)[0]
	buyer, id := buy(shop, "approve", 3, product)
	if answers := together(identical, func() int { return buyer.Post(orderPath(id, "/cancel"), nil).Status }); answers[http.StatusOK] != identical {
		t.Errorf("the same cancellation was answered %v", answers)
	}
	shop.AwaitStatus(id, order.Cancelled)
	awaitVoid(t, shop, id)
	shop.WantStock(product, 100, 0)
}

// sameAnswer asks many times at once, each until the answer is final, and fails the test unless
// all answers are the same. It returns one of them.
func sameAnswer(t *testing.T, ask func() *apitest.Answer) *apitest.Answer {
	t.Helper()
	answers := make([]*apitest.Answer, identical)
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() {
			workertest.Await(t, "the final answer", func() bool {
				answers[i] = ask()
				return !inFlight(answers[i])
			})
		})
	}
	asking.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, other := range answers[1:] {
		if other.Status != answers[0].Status || said(other) != said(answers[0]) {
			t.Errorf("one request was answered %d %s and %d %s", answers[0].Status, answers[0].Body, other.Status, other.Body)
		}
	}
	return answers[0]
}

// requestID is the only thing in a problem that belongs to the request and not to what it asked for.
var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

func said(answer *apitest.Answer) string { return requestID.ReplaceAllString(string(answer.Body), "") }

package worker_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// orderBody is the body of an order of one unit by card, with a discount code.
func orderBody(product int64, token, code string) map[string]any {
	body := workertest.CheckoutBody(token)
	body["items"] = []map[string]any{{"item_id": product, "qty": 1}}
	if code != "" {
		body["discount_code"] = code
	}
	return body
}

func newDiscount(shop *workertest.Shop, body map[string]any) {
	shop.Admin().Post("/api/discounts", body).Want(http.StatusCreated)
}

// wantUses fails unless a discount counts as many uses as there are orders that have it.
func wantUses(t *testing.T, shop *workertest.Shop, code string, want int64) {
	t.Helper()
	var counted, listed, orders int64
	err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select
			discounts.uses,
			(select count(*) from ordering.discount_uses where discount_id = discounts.id and given_back_at is null),
			(select count(*) from ordering.orders where discount_code = discounts.code and status <> 'cancelled')
		from ordering.discounts
		where code = $1`, code).Scan(&counted, &listed, &orders)
	if err != nil || counted != want || listed != want || orders != want {
		t.Errorf("%s counts %d uses, lists %d, %d orders have it, %v; want %d", code, counted, listed, orders, err, want)
	}
}

// atOnce places an order for each buyer, all at the same time, and counts the codes of the answers.
func atOnce(buyers []*workertest.Buyer, body func(i int) map[string]any) map[string]int {
	var mu sync.Mutex
	codes := map[string]int{}
	var start, buying sync.WaitGroup
	start.Add(1)
	for i, buyer := range buyers {
		buying.Go(func() {
			start.Wait()
			answer := buyer.Post("/api/orders", body(i), "Idempotency-Key", uuid.NewString())
			mu.Lock()
			defer mu.Unlock()
			if answer.Status == http.StatusCreated {
				codes["created"]++
			} else {
				codes[apitest.CodeOf(answer)]++
			}
		})
	}
	start.Done()
	buying.Wait()
	return codes
}

// TestACodeIsUsedOnceByACustomer has one customer try 50 times at once.
func TestACodeIsUsedOnceByACustomer(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 100)[0]
	newDiscount(shop, map[string]any{"code": "ONCE", "kind": "percentage", "percent": 10})
	buyer := shop.NewBuyer()
	codes := atOnce(slices.Repeat([]*workertest.Buyer{buyer}, 50), func(int) map[string]any { return orderBody(product, "approve", "once") })
	if codes["created"] != 1 || codes["discount_already_used"] != 49 {
		t.Errorf("answered %v", codes)
	}
	wantUses(t, shop, "ONCE", 1)
	shop.WantStock(product, 99, 0)
}

// TestACodeIsUsedAsOftenAsItMay has 50 customers want one of 10 uses.
func TestACodeIsUsedAsOftenAsItMay(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 100)[0]
	newDiscount(shop, map[string]any{"code": "TEN", "kind": "fixed", "amount": "1.00", "max_uses": 10})
	codes := atOnce(shop.NewBuyers(50), func(int) map[string]any { return orderBody(product, "approve", "TEN") })
	if codes["created"] != 10 || codes["discount_exhausted"] != 40 {
		t.Errorf("answered %v", codes)
	}
	wantUses(t, shop, "TEN", 10)
	shop.WantStock(product, 90, 0)
}

// TestACodeIsGivenBack when its order is declined, finds no stock, or is cancelled before it is sent.
func TestACodeIsGivenBack(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(1<<40))
	products := shop.NewProducts(2, 1)
	newDiscount(shop, map[string]any{"code": "ONCE", "kind": "percentage", "percent": 10, "max_uses": 1})
	buyer := shop.NewBuyer()
	place := func(product int64, token string) *apitest.Answer {
		return buyer.Post("/api/orders", orderBody(product, token, "ONCE"), "Idempotency-Key", uuid.NewString())
	}
	place(products[0], "decline").WantProblem(http.StatusPaymentRequired, "payment_declined")
	wantUses(t, shop, "ONCE", 0)
	shop.NewBuyer().Put(products[1], 1).Want(http.StatusOK)
	place(products[1], "approve").WantProblem(http.StatusConflict, "out_of_stock")
	wantUses(t, shop, "ONCE", 0)
	placed := apitest.Decode[order.Document](place(products[0], "approve").Want(http.StatusCreated))
	wantUses(t, shop, "ONCE", 1)
	for range 2 { // a second cancellation gives back nothing more
		buyer.Post(orderPath(placed.ID, "/cancel"), nil).Want(http.StatusOK)
	}
	wantUses(t, shop, "ONCE", 0)
	// What was given back can be used again.
	place(products[0], "approve").Want(http.StatusCreated)
	wantUses(t, shop, "ONCE", 1)
}

// TestAnOrderThatCostsNothingAsksNobodyForMoney buys with a code for the whole price, sent free.
func TestAnOrderThatCostsNothingAsksNobodyForMoney(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	shop.Exec("update ordering.shipping_rates set free_from = 0")
	newDiscount(shop, map[string]any{"code": "GIFT", "kind": "percentage", "percent": 100})
	buyer := shop.NewBuyer()
	placed := apitest.Decode[order.Document](buyer.Post("/api/orders", orderBody(product, "decline", "GIFT"), "Idempotency-Key", "key").
		Want(http.StatusCreated))
	if placed.TotalAmount != 0 || placed.DiscountAmount != 1000 || placed.PaymentProvider != "manual" {
		t.Errorf("placed %+v", placed)
	}
	shop.AwaitStatus(placed.ID, order.Delivered)
	if charges := shop.Charges(placed.ID); charges.Counts.Authorizations+charges.Counts.Declines+charges.Counts.Captures != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
}

package worker_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
)

// buy puts products in a new customer's cart, qty of each, and buys them.
func buy(shop *workertest.Shop, token string, qty int64, products ...int64) (*workertest.Buyer, uuid.UUID) {
	buyer := shop.NewBuyer()
	for _, product := range products {
		buyer.Put(product, qty).Want(http.StatusOK)
	}
	return buyer, apitest.Decode[order.Document](buyer.Buy(token).Want(http.StatusCreated)).ID
}

// arrived has a shop with ten units of one product, of which a new customer has bought qty that have arrived.
func arrived(
	t *testing.T, token string, qty int64, change ...workertest.Option,
) (shop *workertest.Shop, buyer *workertest.Buyer, product int64, delivered order.Document) {
	t.Helper()
	shop = workertest.New(t, change...)
	product = shop.NewProducts(1, 10)[0]
	buyer, id := buy(shop, token, qty, product)
	return shop, buyer, product, shop.AwaitStatus(id, order.Delivered)
}

// planned waits until an order has as many shipments, by vendor.
func planned(t *testing.T, shop *workertest.Shop, id uuid.UUID, count int) []shopdb.OrderingShipment {
	t.Helper()
	var found []shopdb.OrderingShipment
	workertest.Await(t, "the shipments to be planned", func() bool {
		shipments, err := shop.Deps.DB.ShipmentsOfOrder(t.Context(), id)
		found = shipments
		return err == nil && len(shipments) == count
	})
	return found
}

func shipmentPath(s shopdb.OrderingShipment, action string) string {
	return "/api/vendor/shipments/" + s.ID.String() + action
}

func orderPath(id uuid.UUID, what string) string { return "/api/orders/" + id.String() + what }

func refundsOf(shop *workertest.Shop, id uuid.UUID) []order.Refund {
	return apitest.Decode[struct{ Items []order.Refund }](shop.Admin().Get(orderPath(id, "/refunds")).Want(http.StatusOK)).Items
}

func awaitVoid(t *testing.T, shop *workertest.Shop, id uuid.UUID) {
	t.Helper()
	workertest.Await(t, "the payment to be voided", func() bool { return shop.Charges(id).Counts.Voids == 1 })
}

// together does something many times at once, and counts the statuses it is answered with.
func together(count int, do func() int) (byStatus map[int]int) {
	byStatus = map[int]int{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for range count {
		asking.Go(func() {
			status := do()
			mu.Lock()
			defer mu.Unlock()
			byStatus[status]++
		})
	}
	asking.Wait()
	return byStatus
}

func units(item, qty int64) map[string]any {
	return map[string]any{"items": []map[string]any{{"item_id": item, "qty": qty}}}
}

func TestWholeOrderComesBack(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	buyer, id := buy(shop, "approve", 3, products...)
	buyer.Post(orderPath(id, "/returns"), units(products[0], 1), "Idempotency-Key", "early").WantProblem(http.StatusConflict, "not_delivered")
	delivered := shop.AwaitStatus(id, order.Delivered)

	buyer.Post(orderPath(id, "/returns"), units(products[0], 4), "Idempotency-Key", "many").WantProblem(http.StatusConflict, "too_many_units")
	shop.NewBuyer().Post(orderPath(id, "/returns"), units(products[0], 1), "Idempotency-Key", "foreign").WantProblem(http.StatusNotFound, "not_found")
	// Twenty clicks under one key are one return; twenty under keys of their own find no more units.
	first := together(20, func() int {
		return buyer.Post(orderPath(id, "/returns"), units(products[0], 2), "Idempotency-Key", "one").Status
	})
	if first[http.StatusCreated] != 20 {
		t.Errorf("the same return answered %v", first)
	}
	others := together(20, func() int {
		return buyer.Post(orderPath(id, "/returns"), units(products[0], 1), "Idempotency-Key", uuid.NewString()).Status
	})
	if others[http.StatusCreated] != 1 || others[http.StatusConflict] != 19 {
		t.Errorf("twenty returns of the last unit answered %v", others)
	}
	buyer.Post(orderPath(id, "/returns"), units(products[1], 3), "Idempotency-Key", "all").Want(http.StatusCreated)

	coming := apitest.Decode[struct{ Items []order.Return }](buyer.Get(orderPath(id, "/returns")).Want(http.StatusOK)).Items
	if len(coming) != 3 {
		t.Fatalf("%d returns", len(coming))
	}
	for i, id := range vendorsOf(t, shop, products) {
		vendor := shop.Vendor(id)
		mine := returnsOf(vendor, "?status=requested")
		if want := 2 - i; len(mine) != want {
			t.Fatalf("vendor %d is told of %+v, want %d", i, mine, want)
		}
		for _, back := range mine {
			answers := together(5, func() int {
				return vendor.Post("/api/returns/"+back.ID.String()+"/receive", map[string]any{"restock": i == 0}).Status
			})
			if answers[http.StatusOK] != 5 {
				t.Errorf("receiving answered %v", answers)
			}
		}
	}
	workertest.Await(t, "everything to be refunded", func() bool { return shop.Charges(id).Refunded == delivered.TotalAmount })
	workertest.Await(t, "the refunds to be completed", func() bool {
		for _, refund := range refundsOf(shop, id) {
			if refund.Status != "completed" {
				return false
			}
		}
		return true
	})
	if done := shop.AwaitStatus(id, order.Returned); done.PaymentStatus != order.PaymentRefunded {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	if charges := shop.Charges(id); charges.Counts.Refunds != 3 || charges.Refunded != charges.Captured {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(products[0], 10, 0)
	shop.WantStock(products[1], 7, 0) // written off
}

func TestParcelThatIsLostIsRefunded(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]order.ShipmentStatus{"sandbox:lost": order.ShipmentLost, "sandbox:return": order.ShipmentReturnedToSender} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t)
			product := shop.NewProducts(1, 10)[0]
			buyer := shop.NewBuyer()
			buyer.Put(product, 1).Want(http.StatusOK)
			body := workertest.CheckoutBody("approve")
			body["shipping_address"].(map[string]any)["line1"] = word
			placed := apitest.Decode[order.Document](buyer.Post("/api/checkout", body, "Idempotency-Key", "key").Want(http.StatusCreated))
			ended := shop.AwaitStatus(placed.ID, order.Cancelled)
			workertest.Await(t, "the money to be paid back", func() bool { return shop.Charges(placed.ID).Refunded == placed.TotalAmount })
			if *ended.CancelReason != string(want) || ended.Shipments[0].Status != string(want) {
				t.Errorf("the order is %+v", ended)
			}
			shop.WantStock(product, 9, 0) // it is not on the shelf
		})
	}
}

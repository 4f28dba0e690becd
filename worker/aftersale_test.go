package worker_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// buy puts products in a new customer's cart, qty of each, and buys them.
func buy(shop *workertest.Shop, token string, qty int64, products ...int64) (*workertest.Buyer, uuid.UUID) {
	buyer := shop.NewBuyer()
	for _, product := range products {
		buyer.Put(product, qty).Want(http.StatusOK)
	}
	return buyer, apitest.Decode[order.Document](buyer.Buy(token).Want(http.StatusCreated)).ID
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

func TestOrderIsCancelledBeforeItIsSent(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	buyer, id := buy(shop, "approve", 2, products...)
	stranger := shop.NewBuyer()
	stranger.Post(orderPath(id, "/cancel"), nil).WantProblem(http.StatusNotFound, "not_found")
	shipments := planned(t, shop, id, 2)
	// One of them has a label already.
	shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/pack"), nil).Want(http.StatusOK)
	workertest.Await(t, "a label", func() bool { return planned(t, shop, id, 2)[0].TrackingNumber != nil })

	for range 2 { // a double click
		cancelled := apitest.Decode[order.Document](buyer.Post(orderPath(id, "/cancel"), nil).Want(http.StatusOK))
		if cancelled.Status != order.Cancelled || *cancelled.CancelReason != string(order.CancelledByCustomer) {
			t.Errorf("the order is %+v", cancelled)
		}
	}
	awaitVoid(t, shop, id)
	workertest.Await(t, "the label to be given back", func() bool { return planned(t, shop, id, 2)[0].LabelCancelledAt != nil })
	shop.WantStock(products[0], 10, 0)
	shop.WantStock(products[1], 10, 0)
	if charges := shop.Charges(id); charges.Counts.Captures != 0 || charges.Counts.Voids != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/pack"), nil).WantProblem(http.StatusConflict, "shipment_cancelled")
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[0], "/pack"), nil).WantProblem(http.StatusNotFound, "not_found")
}

func TestPendingOrderIsCancelledByItsCustomer(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.ProviderAway())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 3).Want(http.StatusOK)
	id := buyAsync(buyer, "approve")
	awaitAsked(t, shop, id, "authorize")
	buyer.Post(orderPath(id, "/cancel"), nil).Want(http.StatusOK)
	cancelled := shop.AwaitStatus(id, order.Cancelled)
	if *cancelled.CancelReason != string(order.CancelledByCustomer) {
		t.Errorf("it was cancelled because of %s", *cancelled.CancelReason)
	}
	shop.WantStock(product, 10, 3) // the cart has it again
}

// TestOneOfCancelAndShipWins lets customers cancel and vendors send off at the same moment, twenty
// times: exactly one of them has their way, and stock and money are as that says. Every second time
// one of them is first, by turns, so that both outcomes are seen.
func TestOneOfCancelAndShipWins(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	const orders = 20
	product := shop.NewProducts(1, orders)[0]
	type outcome struct {
		id              uuid.UUID
		cancelled, sent int
	}
	outcomes := make([]outcome, orders)
	var racing sync.WaitGroup
	for i := range outcomes {
		buyer, id := buy(shop, "approve", 1, product)
		shipment := planned(t, shop, id, 1)[0]
		outcomes[i].id = id
		cancel := func() { outcomes[i].cancelled = buyer.Post(orderPath(id, "/cancel"), nil).Status }
		ship := func() {
			vendor := shop.Vendor(shipment.VendorID)
			vendor.Post(shipmentPath(shipment, "/pack"), nil)
			outcomes[i].sent = vendor.Post(shipmentPath(shipment, "/ship"), nil).Status
		}
		switch i % 4 {
		case 0:
			racing.Go(func() { cancel(); ship() })
		case 2:
			racing.Go(func() { ship(); cancel() })
		default:
			racing.Go(cancel)
			racing.Go(ship)
		}
	}
	racing.Wait()
	sold := int64(0)
	for i, o := range outcomes {
		if i%2 == 0 && (o.cancelled == http.StatusOK) != (i%4 == 0) {
			t.Errorf("who was first has not won: cancel answered %d, ship %d", o.cancelled, o.sent)
		}
		if (o.cancelled == http.StatusOK) == (o.sent == http.StatusOK) {
			t.Errorf("cancel answered %d, ship %d", o.cancelled, o.sent)
		}
		if o.cancelled == http.StatusOK {
			shop.AwaitStatus(o.id, order.Cancelled)
			awaitVoid(t, shop, o.id)
		} else {
			sold++
			shop.AwaitStatus(o.id, order.Delivered)
		}
		charges := shop.Charges(o.id)
		if captured := charges.Counts.Captures == 1; captured != (o.sent == http.StatusOK) || charges.Counts.Captures+charges.Counts.Voids != 1 {
			t.Errorf("ship answered %d, and the provider has done %+v", o.sent, charges)
		}
	}
	t.Logf("%d of %d were sent", sold, orders)
	shop.WantStock(product, orders-sold, 0)
}

// TestCaptureInFlightIsNotCancelled cancels while the provider is asked for the capture and has not
// answered: it is too late for that, whoever asks, and the capture goes through.
func TestCaptureInFlightIsNotCancelled(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer, id := buy(shop, "approve", 1, product)
	shipment := planned(t, shop, id, 1)[0]
	vendor := shop.Vendor(shipment.VendorID)
	// The record of the provider's answer waits for the payment's row.
	tx, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select 1 from ordering.payments where order_id = $1 for no key update", id); err != nil {
		t.Fatal(err)
	}
	vendor.Post(shipmentPath(shipment, "/ship"), nil).Want(http.StatusOK)
	workertest.Await(t, "the capture", func() bool { return shop.Charges(id).Counts.Captures == 1 })
	refused := make(chan *apitest.Answer, 3)
	go func() { refused <- buyer.Post(orderPath(id, "/cancel"), nil) }()
	go func() {
		refused <- shop.Admin().Post(orderPath(id, "/cancel"), map[string]any{"shipments": []uuid.UUID{shipment.ID}})
	}()
	go func() { refused <- vendor.Post(shipmentPath(shipment, "/cancel"), map[string]any{"reason": "other"}) }()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if answer := <-refused; answer.Status != http.StatusConflict {
			t.Errorf("cancelling answered %d %s", answer.Status, answer.Body)
		}
	}
	shop.AwaitStatus(id, order.Delivered)
	if charges := shop.Charges(id); charges.Counts.Captures != 1 || charges.Counts.Voids != 0 || charges.Counts.Refunds != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 9, 0)
}

// TestRestOfAnOrderGoesOnWithoutAVendor has one of two vendors find that the goods are not there.
func TestRestOfAnOrderGoesOnWithoutAVendor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	buyer, id := buy(shop, "approve", 2, products...)
	shipments := planned(t, shop, id, 2)
	short := shop.Vendor(shipments[0].VendorID)
	for range 2 {
		short.Post(shipmentPath(shipments[0], "/cancel"), map[string]any{"reason": "out_of_stock"}).Want(http.StatusOK)
	}
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/ship"), nil).Want(http.StatusOK)
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/cancel"), map[string]any{"reason": "other"}).
		WantProblem(http.StatusConflict, "shipment_not_cancellable")
	buyer.Post(orderPath(id, "/cancel"), nil).WantProblem(http.StatusConflict, "order_not_cancellable")
	done := shop.AwaitStatus(id, order.Delivered)
	if done.PaymentStatus != order.PaymentCompleted {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	shop.WantStock(products[0], 8, 0) // written off
	shop.WantStock(products[1], 8, 0)
	found := refundsOf(shop, id)
	if len(found) != 1 || found[0].Kind != "release" || found[0].Status != "completed" || found[0].Amount != shipments[0].Amount {
		t.Errorf("the refunds are %+v", found)
	}
	if charges := shop.Charges(id); charges.Captured != done.TotalAmount-shipments[0].Amount || charges.Counts.Refunds != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
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
	for _, back := range coming {
		vendor := shop.Vendor(back.Items[0].VendorID)
		restock := back.Items[0].ItemID == products[0]
		answers := together(5, func() int {
			return vendor.Post("/api/returns/"+back.ID.String()+"/receive", map[string]any{"restock": restock}).Status
		})
		if answers[http.StatusOK] != 5 {
			t.Errorf("receiving answered %v", answers)
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

// TestNoMoreIsRefundedThanWasPaid has operators refund the same units, and amounts, all at once.
func TestNoMoreIsRefundedThanWasPaid(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	_, id := buy(shop, "approve", 3, product)
	delivered := shop.AwaitStatus(id, order.Delivered)
	admin := shop.Admin()
	admin.Post(orderPath(id, "/refunds"), units(product, 1)).WantProblem(http.StatusBadRequest, "idempotency_key_missing")
	same := together(10, func() int {
		return admin.Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "one").Status
	})
	if same[http.StatusCreated] != 10 {
		t.Errorf("the same refund answered %v", same)
	}
	admin.Post(orderPath(id, "/refunds"), units(product, 2), "Idempotency-Key", "one").WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")
	both := together(10, func() int {
		return admin.Post(orderPath(id, "/refunds"), units(product, 2), "Idempotency-Key", uuid.NewString()).Status
	})
	if both[http.StatusCreated] != 1 || both[http.StatusConflict] != 9 {
		t.Errorf("ten refunds of the same two units answered %v", both)
	}
	left := delivered.TotalAmount
	for _, refund := range refundsOf(shop, id) {
		left -= refund.Amount
	}
	if left != delivered.ShippingCost {
		t.Errorf("%s are left, and the shipping was %s", left, delivered.ShippingCost)
	}
	admin.Post(orderPath(id, "/refunds"), map[string]any{"amount": left + 1}, "Idempotency-Key", uuid.NewString()).
		WantProblem(http.StatusConflict, "refund_exceeds_paid")
	all := together(10, func() int {
		return admin.Post(orderPath(id, "/refunds"), map[string]any{"amount": left}, "Idempotency-Key", uuid.NewString()).Status
	})
	if all[http.StatusCreated] != 1 || all[http.StatusConflict] != 9 {
		t.Errorf("ten refunds of what is left answered %v", all)
	}
	workertest.Await(t, "everything to be refunded", func() bool { return shop.Charges(id).Refunded == delivered.TotalAmount })
	if charges := shop.Charges(id); charges.Counts.Refunds != 3 {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 7, 0)
}

// TestPartOfAnAmountIsSpreadOverTheLines gives an amount back without goods.
func TestPartOfAnAmountIsSpreadOverTheLines(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	_, id := buy(shop, "approve", 1, products...)
	shop.AwaitStatus(id, order.Delivered)
	refund := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"),
		map[string]any{"amount": "5.01", "reason": "late"}, "Idempotency-Key", "key").Want(http.StatusCreated))
	sum := refund.ShippingAmount
	for _, line := range refund.Items {
		sum += line.Amount + line.TaxAmount
	}
	if refund.Amount != 501 || sum != 501 || len(refund.Items) != 2 {
		t.Errorf("the refund is %+v", refund)
	}
	workertest.Await(t, "the refund to be completed", func() bool { return refundsOf(shop, id)[0].Status == "completed" })
	if found := shop.AwaitStatus(id, order.Delivered); found.PaymentStatus != order.PaymentPartiallyRefunded {
		t.Errorf("the payment is %s", found.PaymentStatus)
	}
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

// TestRefundThatNobodyWorksOnIsTakenUpAgain terminates the workflow of a refund.
func TestRefundThatNobodyWorksOnIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	_, id := buy(shop, "approve", 1, product)
	shop.AwaitStatus(id, order.Delivered)
	// The record of the provider's answer waits for the order's row.
	tx, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refund := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "key").Want(http.StatusCreated))
	if _, err := tx.Exec(t.Context(), "select 1 from ordering.orders where id = $1 for no key update", id); err != nil {
		t.Fatal(err)
	}
	workertest.Await(t, "the provider to refund", func() bool { return shop.Charges(id).Counts.Refunds == 1 })
	first := runOf(t, shop, workflows.RefundID(refund.ID))
	if err := shop.Deps.Temporal.TerminateWorkflow(t.Context(), workflows.RefundID(refund.ID), "", "test"); err != nil {
		t.Logf("it had ended: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	workertest.Await(t, "the refund to be completed", func() bool { return refundsOf(shop, id)[0].Status == "completed" })
	if charges := shop.Charges(id); charges.Counts.Refunds != 1 || charges.Refunded != refund.Amount {
		t.Errorf("the provider has done %+v", charges)
	}
	t.Logf("the first run was %s, the last %s", first, runOf(t, shop, workflows.RefundID(refund.ID)))
}

// TestCancellationWithoutFulfilmentIsFinished cancels while Temporal has forgotten the fulfilment.
func TestCancellationWithoutFulfilmentIsFinished(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer, id := buy(shop, "approve", 1, product)
	planned(t, shop, id, 1)
	terminate(t, shop, workflows.FulfilmentID(id))
	buyer.Post(orderPath(id, "/cancel"), nil).Want(http.StatusOK)
	awaitVoid(t, shop, id)
	shop.WantStock(product, 10, 0)
	var left money.Amount
	for _, refund := range refundsOf(shop, id) {
		if refund.Kind == "refund" {
			left += refund.Amount
		}
	}
	if left != 0 {
		t.Errorf("%s would be refunded of nothing captured", left)
	}
}

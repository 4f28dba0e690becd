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
	"mercado/worker/workertest"
	"mercado/workflows"
)

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
	// 202: the checkout has not undone all of it when the answer is due.
	if asked := buyer.Post(orderPath(id, "/cancel"), nil); asked.Status != http.StatusAccepted {
		asked.Want(http.StatusOK)
	}
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

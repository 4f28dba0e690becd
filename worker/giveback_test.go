package worker_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/shipping"
	"mercado/worker/workertest"
)

// What is given back depends on how it was paid, and on what the provider says to it.

// wantLedger fails unless the ledger has this much of an order captured and refunded.
func wantLedger(t *testing.T, shop *workertest.Shop, id uuid.UUID, captured, refunded money.Amount) {
	t.Helper()
	var has, back money.Amount
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select captured_amount, refunded_amount from ordering.payments where order_id = $1", id).Scan(&has, &back); err != nil {
		t.Fatal(err)
	}
	if has != captured || back != refunded {
		t.Errorf("the ledger has %s captured and %s refunded; want %s and %s", has, back, captured, refunded)
	}
}

// awaitRefund waits until an order's refunds are as many, and all completed or failed as wanted, the newest first.
func awaitRefund(t *testing.T, shop *workertest.Shop, id uuid.UUID, statuses ...string) []order.Refund {
	t.Helper()
	var found []order.Refund
	workertest.Await(t, "the refunds to be settled", func() bool {
		found = refundsOf(shop, id)
		if len(found) != len(statuses) {
			return false
		}
		for i, refund := range found {
			if refund.Status != statuses[i] {
				return false
			}
		}
		return true
	})
	return found
}

func returnAll(t *testing.T, shop *workertest.Shop, buyer *workertest.Buyer, id uuid.UUID, product, qty int64) {
	t.Helper()
	back := apitest.Decode[order.Return](buyer.Post(orderPath(id, "/returns"), units(product, qty), "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated))
	shop.Admin().Post("/api/returns/"+back.ID.String()+"/receive", map[string]any{"restock": true}).Want(http.StatusOK)
}

// TestWhatIsSoldAtTheCounterIsHandedOverAtOnce however long vendors have to pack, without a carrier.
func TestWhatIsSoldAtTheCounterIsHandedOverAtOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	for _, method := range []string{"card", "cash"} {
		sold := apitest.Decode[order.Document](shop.Admin().Post("/api/sales", saleBody(buyer.ID, "counter", method, product),
			"Idempotency-Key", method).Want(http.StatusCreated))
		done := shop.AwaitStatus(sold.ID, order.Delivered)
		if len(done.Shipments) != 1 || done.Shipments[0].TrackingNumber != nil || done.PaymentStatus != order.PaymentCompleted {
			t.Errorf("by %s: the order is %+v", method, done)
		}
		wantLedger(t, shop, sold.ID, sold.TotalAmount, 0)
		atProvider := map[string]int{"card": 1, "cash": 0}[method]
		if charges := shop.Charges(sold.ID); charges.Counts.Captures != atProvider {
			t.Errorf("by %s: the provider has done %+v", method, charges)
		}
		buyer.Post(orderPath(sold.ID, "/cancel"), nil).WantProblem(http.StatusConflict, "order_not_cancellable")
		returnAll(t, shop, buyer, sold.ID, product, 1)
		awaitRefund(t, shop, sold.ID, "completed")
		wantLedger(t, shop, sold.ID, sold.TotalAmount, sold.TotalAmount)
		if charges := shop.Charges(sold.ID); charges.Counts.Refunds != atProvider {
			t.Errorf("by %s: the provider has done %+v", method, charges)
		}
	}
	shop.WantStock(product, 10, 0)
}

// TestCashOnDeliveryIsTakenAtTheDoor: not before, and given back by hand.
func TestCashOnDeliveryIsTakenAtTheDoor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	sold := apitest.Decode[order.Document](buyBy(buyer, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated))
	shipped := shop.AwaitStatus(sold.ID, order.Shipped)
	wantLedger(t, shop, sold.ID, 0, 0)
	shop.Admin().Post(orderPath(sold.ID, "/refunds"), units(product, 1), "Idempotency-Key", "early").WantProblem(http.StatusConflict, "not_delivered")
	tell(shop, shop.Deps.Shop.WebhookSecret, time.Now(), deliveredNow(shipped)).Want(http.StatusNoContent)
	if done := shop.AwaitStatus(sold.ID, order.Delivered); done.PaymentStatus != order.PaymentCompleted {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	wantLedger(t, shop, sold.ID, sold.TotalAmount, 0)
	returnAll(t, shop, buyer, sold.ID, product, 2)
	awaitRefund(t, shop, sold.ID, "completed")
	if done := shop.AwaitStatus(sold.ID, order.Returned); done.PaymentStatus != order.PaymentRefunded {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	wantLedger(t, shop, sold.ID, sold.TotalAmount, sold.TotalAmount)
	shop.WantStock(product, 10, 0)
}

// TestOrderPaidByTransferIsCancelled before anything was sent: what had arrived is paid back, once.
func TestOrderPaidByTransferIsCancelled(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	buyer, product, placed := awaitedTransfer(t, shop)
	arrive(t, shop, placed.PaymentInstructions.Reference, placed.TotalAmount)
	shop.AwaitStatus(placed.ID, order.Confirmed)
	answers := together(5, func() int { return buyer.Post(orderPath(placed.ID, "/cancel"), nil).Status })
	if answers[http.StatusOK] != 5 {
		t.Errorf("cancelling answered %v", answers)
	}
	refunds := awaitRefund(t, shop, placed.ID, "completed")
	if refunds[0].Kind != "refund" || refunds[0].Amount != placed.TotalAmount {
		t.Errorf("the refund is %+v", refunds[0])
	}
	wantMoney(t, shop, placed.ID, placed.TotalAmount, placed.TotalAmount)
	if charges := shop.Charges(placed.ID); charges.Counts.Refunds != 1 || charges.Counts.Voids != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	if done := shop.AwaitStatus(placed.ID, order.Cancelled); done.PaymentStatus != order.PaymentRefunded {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	shop.WantStock(product, 10, 0)
}

// TestWhatIsGivenUpIsNotKeptSetAside has one vendor give up and the other send: nothing is left to
// capture, so the rest is voided at the provider, before the parcel has arrived.
func TestWhatIsGivenUpIsNotKeptSetAside(t *testing.T) {
	t.Parallel()
	for name, giveUpFirst := range map[string]bool{"given up before the capture": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, workertest.PackAfter(time.Hour), workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
			products := shop.NewProducts(2, 10)
			_, id := buy(shop, "approve", 1, products...)
			shipments := planned(t, shop, id, 2)
			giveUp := func() {
				shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/cancel"), map[string]any{"reason": "other"}).Want(http.StatusOK)
			}
			if giveUpFirst {
				giveUp()
			}
			shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/ship"), nil).Want(http.StatusOK)
			workertest.Await(t, "the capture", func() bool { return shop.Charges(id).Counts.Captures == 1 })
			if !giveUpFirst {
				if charges := shop.Charges(id); charges.Counts.Voids != 0 {
					t.Errorf("the provider has done %+v", charges)
				}
				giveUp()
			}
			awaitVoid(t, shop, id)
			shop.AwaitStatus(id, order.Shipped)
			if charges := shop.Charges(id); charges.Counts.Captures != 1 || charges.Captured != shipments[1].Amount {
				t.Errorf("the provider has done %+v", charges)
			}
			wantLedger(t, shop, id, shipments[1].Amount, 0)
		})
	}
}

// TestWhatCostNothingIsGivenBackWithoutMoney sells something free beside something that is not.
func TestWhatCostNothingIsGivenBackWithoutMoney(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	free := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "0.00", 10)
	paid := shop.NewProducts(1, 10)[0]
	for name, products := range map[string][]int64{"alone": {free}, "beside another": {free, paid}} {
		buyer, id := buy(shop, "approve", 1, products...)
		delivered := shop.AwaitStatus(id, order.Delivered)
		if delivered.PaymentStatus != order.PaymentCompleted {
			t.Errorf("%s: the payment is %s", name, delivered.PaymentStatus)
		}
		shop.WantStock(free, 9, 0)
		shipping := delivered.ShippingCost
		if len(products) > 1 || shipping == 0 {
			shop.Admin().Post(orderPath(id, "/refunds"), units(free, 1), "Idempotency-Key", uuid.NewString()).
				WantProblem(http.StatusConflict, "nothing_to_refund")
		}
		returnAll(t, shop, buyer, id, free, 1)
		shop.WantStock(free, 10, 0)
		for _, refund := range refundsOf(shop, id) {
			if refund.Amount != shipping {
				t.Errorf("%s: refunded %+v", name, refund)
			}
		}
		if len(products) > 1 && len(refundsOf(shop, id)) != 0 {
			t.Errorf("%s: money is given back for what cost nothing", name)
		}
	}
}

// TestFreeOrderIsCancelled gives up what cost nothing.
func TestFreeOrderIsCancelled(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	shop.Exec("update ordering.shipping_rates set price = 0, free_from = null")
	free := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "0.00", 10)
	buyer, id := buy(shop, "approve", 2, free)
	planned(t, shop, id, 1)
	buyer.Post(orderPath(id, "/cancel"), nil).Want(http.StatusOK)
	shop.AwaitStatus(id, order.Cancelled)
	shop.WantStock(free, 10, 0)
	if refunds := refundsOf(shop, id); len(refunds) != 0 {
		t.Errorf("refunded %+v", refunds)
	}
}

// TestParcelsPaidAtTheDoorAreSettledOneByOne pays one of two parcels at the door: what it cost is given
// back before the other is decided, and the order is paid for when the other was given up.
func TestParcelsPaidAtTheDoorAreSettledOneByOne(t *testing.T) {
	t.Parallel()
	for name, sentToo := range map[string]bool{"the other is given up": false, "the other arrives, too": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, workertest.PackAfter(time.Hour))
			products := shop.NewProducts(2, 10)
			buyer := shop.NewBuyer()
			for _, product := range products {
				buyer.Put(product, 2).Want(http.StatusOK)
			}
			sold := apitest.Decode[order.Document](buyBy(buyer, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated))
			shipments := planned(t, shop, sold.ID, 2)
			shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/ship"), nil).Want(http.StatusOK)
			workertest.Await(t, "the first to arrive", func() bool {
				return planned(t, shop, sold.ID, 2)[0].Status == string(order.ShipmentDelivered)
			})
			shop.Admin().Post(orderPath(sold.ID, "/refunds"), map[string]any{"amount": "5.00"}, "Idempotency-Key", "1").Want(http.StatusCreated)
			first := awaitRefund(t, shop, sold.ID, "completed")[0]
			wantLedger(t, shop, sold.ID, shipments[0].Amount, first.Amount)
			other := shop.Vendor(shipments[1].VendorID)
			captured := shipments[0].Amount
			if sentToo {
				other.Post(shipmentPath(shipments[1], "/ship"), nil).Want(http.StatusOK)
				captured += shipments[1].Amount
			} else {
				other.Post(shipmentPath(shipments[1], "/cancel"), map[string]any{"reason": "other"}).Want(http.StatusOK)
			}
			done := shop.AwaitStatus(sold.ID, order.Delivered)
			if done.PaymentStatus != order.PaymentPartiallyRefunded {
				t.Errorf("the payment is %s", done.PaymentStatus)
			}
			wantLedger(t, shop, sold.ID, captured, first.Amount)
		})
	}
	t.Run("the other is given up and nothing refunded", func(t *testing.T) {
		t.Parallel()
		shop := workertest.New(t, workertest.PackAfter(time.Hour))
		products := shop.NewProducts(2, 10)
		buyer := shop.NewBuyer()
		for _, product := range products {
			buyer.Put(product, 1).Want(http.StatusOK)
		}
		sold := apitest.Decode[order.Document](buyBy(buyer, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated))
		shipments := planned(t, shop, sold.ID, 2)
		shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/ship"), nil).Want(http.StatusOK)
		workertest.Await(t, "the first to arrive", func() bool {
			return planned(t, shop, sold.ID, 2)[0].Status == string(order.ShipmentDelivered)
		})
		shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/cancel"), map[string]any{"reason": "other"}).Want(http.StatusOK)
		if done := shop.AwaitStatus(sold.ID, order.Delivered); done.PaymentStatus != order.PaymentCompleted {
			t.Errorf("the payment is %s", done.PaymentStatus)
		}
		wantLedger(t, shop, sold.ID, shipments[0].Amount, 0)
	})
}

// TestOrderIsReturnedWhenTheRestOfItIsLost: all that arrived came back while the rest was under way.
func TestOrderIsReturnedWhenTheRestOfItIsLost(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	products := shop.NewProducts(2, 10)
	buyer, id := buy(shop, "approve", 1, products...)
	shipped := shop.AwaitStatus(id, order.Shipped)
	secret := shop.Deps.Shop.WebhookSecret
	tell(shop, secret, time.Now(), deliveredNow(shipped)).Want(http.StatusNoContent)
	arrived := 0
	workertest.Await(t, "the first to arrive", func() bool {
		now := planned(t, shop, id, 2)
		for i, shipment := range now {
			if shipment.Status == string(order.ShipmentDelivered) {
				arrived = i
				return true
			}
		}
		return false
	})
	returnAll(t, shop, buyer, id, products[arrived], 1)
	lost := deliveredNow(shipped)
	lost.TrackingNumber = *shipped.Shipments[1].TrackingNumber
	lost.Tracking = shipping.Tracking{Status: shipping.Lost}
	tell(shop, secret, time.Now(), lost).Want(http.StatusNoContent)
	shop.AwaitStatus(id, order.Returned)
}

package worker_test

import (
	"bytes"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/shipping"
	"mercado/worker/workertest"
	"mercado/workflows"
)

func TestReturnComesInTimeOrNotAtAll(t *testing.T) {
	t.Parallel()
	shop, buyer, product, delivered := arrived(t, "approve", 2)
	id := delivered.ID
	shop.Exec("update ordering.shipments set packed_at = packed_at - interval '2 hours', delivered_at = delivered_at - interval '59 minutes'")
	buyer.Post(orderPath(id, "/returns"), units(product, 1), "Idempotency-Key", "in time").Want(http.StatusCreated)
	shop.Exec("update ordering.shipments set delivered_at = delivered_at - interval '2 minutes'")
	buyer.Post(orderPath(id, "/returns"), units(product, 1), "Idempotency-Key", "late").WantProblem(http.StatusConflict, "return_window_over")
	// An operator may be generous.
	shop.Admin().Post(orderPath(id, "/returns"), units(product, 1), "Idempotency-Key", "late").Want(http.StatusCreated)
}

// TestReturnIsRejected: nothing is booked in or paid, and the units may be sent back again.
func TestReturnIsRejected(t *testing.T) {
	t.Parallel()
	shop, buyer, product, delivered := arrived(t, "approve", 2)
	id := delivered.ID
	back := apitest.Decode[order.Return](buyer.Post(orderPath(id, "/returns"), units(product, 2), "Idempotency-Key", "1").Want(http.StatusCreated))
	path := "/api/returns/" + back.ID.String()
	buyer.Post(orderPath(id, "/returns"), units(product, 1), "Idempotency-Key", "2").WantProblem(http.StatusConflict, "too_many_units")
	because := map[string]any{"reason": "worn"}
	buyer.Post(path+"/reject", because).WantProblem(http.StatusForbidden, "forbidden")
	for range 2 {
		rejected := apitest.Decode[order.Return](shop.Admin().Post(path+"/reject", because).Want(http.StatusOK))
		if rejected.Status != "rejected" || rejected.RejectedBecause == nil || *rejected.RejectedBecause != "worn" {
			t.Errorf("the return is %+v", rejected)
		}
	}
	shop.Admin().Post(path+"/receive", map[string]any{"restock": true}).WantProblem(http.StatusConflict, "return_over")
	shop.WantStock(product, 8, 0)
	if refunds := refundsOf(shop, id); len(refunds) != 0 {
		t.Errorf("refunded %+v", refunds)
	}
	again := apitest.Decode[order.Return](buyer.Post(orderPath(id, "/returns"), units(product, 2), "Idempotency-Key", "3").Want(http.StatusCreated))
	shop.Admin().Post("/api/returns/"+again.ID.String()+"/receive", map[string]any{"restock": true}).Want(http.StatusOK)
	shop.Admin().Post("/api/returns/"+again.ID.String()+"/reject", because).WantProblem(http.StatusConflict, "return_over")
	shop.WantStock(product, 10, 0)
}

// TestReturnIsReceivedByItsVendors, each their own lines, for less than was paid, and then the rest.
func TestReturnIsReceivedByItsVendors(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	buyer, id := buy(shop, "approve", 2, products...)
	delivered := shop.AwaitStatus(id, order.Delivered)
	body := map[string]any{"items": []map[string]any{{"item_id": products[0], "qty": 2}, {"item_id": products[1], "qty": 2}}}
	buyer.Post(orderPath(id, "/returns"), body, "Idempotency-Key", "1").Want(http.StatusCreated)
	first := shop.Vendor(vendors[0])
	back := returnsOf(first, "")[0]
	path := "/api/returns/" + back.ID.String() + "/receive"
	shop.Vendor(shop.NewVendor()).Post(path, map[string]any{"restock": true}).WantProblem(http.StatusNotFound, "not_found")

	first.Post(path, map[string]any{"restock": true, "refund_amount": "1000.00"}).WantProblem(http.StatusConflict, "refund_exceeds_paid")
	half := apitest.Decode[order.Return](first.Post(path, map[string]any{"restock": false, "refund_amount": "5.00"}).Want(http.StatusOK))
	if half.Status != "received" || len(half.Items) != 1 {
		t.Errorf("the return is %+v to the vendor who has received theirs", half)
	}
	if whole := returnsOfOrder(buyer.Client, id)[0]; whole.Status != "requested" || len(whole.Items) != 2 {
		t.Errorf("the return is %+v to its customer", whole)
	}
	shop.Admin().Post("/api/returns/"+back.ID.String()+"/reject", map[string]any{"reason": "x"}).WantProblem(http.StatusConflict, "return_over")
	if refunds := awaitRefund(t, shop, id, "completed"); refunds[0].Amount != 500 || refunds[0].ShippingAmount != 0 {
		t.Errorf("refunded %+v", refunds[0])
	}
	listed := refundsOf(shop, id)[0]
	shown := "/api/refunds/" + listed.ID.String()
	for _, by := range []*apitest.Client{buyer.Client, shop.Admin()} {
		if one := apitest.Decode[order.Refund](by.Get(shown).Want(http.StatusOK)); !reflect.DeepEqual(one, listed) {
			t.Errorf("shown by its id the refund is %+v, in the list %+v", one, listed)
		}
	}
	shop.NewBuyer().Get(shown).WantProblem(http.StatusNotFound, "not_found")
	first.Get(shown).WantProblem(http.StatusForbidden, "forbidden") // it is the customer's money
	shop.AwaitStatus(id, order.Delivered)
	shop.WantStock(products[0], 8, 0) // written off
	shop.WantStock(products[1], 8, 0)

	first.Post(path, map[string]any{"restock": false, "refund_amount": "5.00"}).Want(http.StatusOK) // a double click
	first.Post(path, map[string]any{"restock": false, "refund_amount": "6.00"}).WantProblem(http.StatusConflict, "return_over")
	first.Post(path, map[string]any{"restock": true, "refund_amount": "5.00"}).WantProblem(http.StatusConflict, "return_over")

	second := shop.Vendor(vendors[1])
	second.Post("/api/returns/"+returnsOf(second, "?status=requested")[0].ID.String()+"/receive", map[string]any{"restock": true}).Want(http.StatusOK)
	if whole := returnsOfOrder(buyer.Client, id)[0]; whole.Status != "received" {
		t.Errorf("the return is %s", whole.Status)
	}
	awaitRefund(t, shop, id, "completed", "completed")
	shop.WantStock(products[1], 10, 0)
	if done := shop.AwaitStatus(id, order.Returned); done.PaymentStatus != order.PaymentPartiallyRefunded {
		t.Errorf("the payment is %s", done.PaymentStatus)
	}
	charges := shop.Charges(id)
	if charges.Counts.Refunds != 2 || charges.Refunded >= delivered.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	wantLedger(t, shop, id, delivered.TotalAmount, charges.Refunded)
}

// TestVendorSeesTheirOwnLinesOnly, with what they need to send a parcel and nothing more.
func TestVendorSeesTheirOwnLinesOnly(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	buyer, id := buy(shop, "approve", 2, products...)
	planned(t, shop, id, 2)
	var email string
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select email from identity.customers where id = $1", buyer.ID).Scan(&email); err != nil {
		t.Fatal(err)
	}
	for i, vendor := range vendors {
		for _, path := range []string{"/api/vendor/orders", "/api/vendor/shipments"} {
			answer := shop.Vendor(vendor).Get(path).Want(http.StatusOK)
			if bytes.Contains(answer.Body, []byte(email)) {
				t.Errorf("%s shows a vendor the customer's address of e-mail", path)
			}
			type lines struct {
				Items []struct {
					Items []struct {
						ItemID int64 `json:"item_id"`
					} `json:"items"`
				} `json:"items"`
			}
			found := apitest.Decode[lines](answer)
			if len(found.Items) != 1 || len(found.Items[0].Items) != 1 || found.Items[0].Items[0].ItemID != products[i] {
				t.Errorf("%s shows vendor %d %s", path, i, answer.Body)
			}
		}
	}
}

// TestCarrierTellsInAnyOrder: before the shipment is shipped, and lost after delivered.
func TestCarrierTellsInAnyOrder(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour), workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	_, id := buy(shop, "approve", 1, product)
	shipment := planned(t, shop, id, 1)[0]
	vendor := shop.Vendor(shipment.VendorID)
	vendor.Post(shipmentPath(shipment, "/pack"), nil).Want(http.StatusOK)
	workertest.Await(t, "a label", func() bool { return planned(t, shop, id, 1)[0].TrackingNumber != nil })
	packed := apitest.Decode[order.Document](shop.Admin().Get(orderPath(id, "")).Want(http.StatusOK))
	secret := shop.Deps.Shop.WebhookSecret
	tell(shop, secret, time.Now(), deliveredNow(packed)).Want(http.StatusNoContent)
	shop.AwaitStatus(id, order.Confirmed)
	vendor.Post(shipmentPath(shipment, "/ship"), nil).Want(http.StatusOK)
	shop.AwaitStatus(id, order.Delivered)
	lost := deliveredNow(packed)
	lost.ID, lost.Tracking = uuid.NewString(), shipping.Tracking{Status: shipping.Lost}
	tell(shop, secret, time.Now(), lost).Want(http.StatusNoContent)
	shop.AwaitStatus(id, order.Delivered)
	if charges := shop.Charges(id); charges.Counts.Captures != 1 || charges.Counts.Refunds != 0 || len(refundsOf(shop, id)) != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestChangedShipmentsAreFound when nobody told the fulfilment, or there is none any more.
func TestChangedShipmentsAreFound(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"nobody told": false, "it is gone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, workertest.PackAfter(time.Hour))
			product := shop.NewProducts(1, 10)[0]
			_, id := buy(shop, "approve", 1, product)
			shipment := planned(t, shop, id, 1)[0]
			if forget {
				terminate(t, shop, workflows.FulfilmentID(id))
			}
			shop.Exec("select ordering.release_shipment($1, 'vendor')", shipment.ID)
			shop.AwaitStatus(id, order.Delivered)
			if charges := shop.Charges(id); charges.Counts.Captures != 1 {
				t.Errorf("the provider has done %+v", charges)
			}
		})
	}
}

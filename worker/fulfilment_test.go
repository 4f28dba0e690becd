package worker_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/shipping"
	"mercado/internal/signature"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
)

func TestDeliveryIsNoticedWithoutWebhooks(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	shop.AwaitStatus(placed.ID, order.Delivered)
}

// TestCapturesAddUpToTheTotal shares tax and shipping among three vendors, to the cent.
func TestCapturesAddUpToTheTotal(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(2*time.Second))
	products := shop.NewProducts(3, 10)
	buyer := shop.NewBuyer()
	for _, product := range products {
		buyer.Put(product, 1).Want(http.StatusOK)
	}
	shop.Exec("update ordering.tax_rates set rate_percent = 6.683") // 4.01
	shop.Exec("update ordering.shipping_rates set price = 2.99, free_from = null")
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	if placed.TotalAmount != 6700 {
		t.Fatalf("the total is %s", placed.TotalAmount)
	}
	shop.AwaitStatus(placed.ID, order.Delivered)
	charges := shop.Charges(placed.ID)
	if charges.Counts.Authorizations != 1 || charges.Counts.Captures != 3 || charges.Captured != 6700 {
		t.Errorf("the provider has done %+v", charges)
	}
	shipments, err := shop.Deps.DB.ShipmentsOfOrder(t.Context(), placed.ID)
	if err != nil {
		t.Fatal(err)
	}
	var amounts []money.Amount
	for _, shipment := range shipments {
		amounts = append(amounts, shipment.Amount)
	}
	// On 10, 20 and 30: 0.67, 1.34 and 2.00 of the tax; 0.50, 1.00 and 1.49 of the shipping.
	if len(amounts) != 3 || amounts[0] != 1117 || amounts[1] != 2234 || amounts[2] != 3349 {
		t.Errorf("the shipments are charged %v", amounts)
	}
}

func TestCarrierIsBelievedOnlyWhenItHasSigned(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	shipped := shop.AwaitStatus(placed.ID, order.Shipped)

	message := deliveredNow(shipped)
	secret := shop.Deps.Shop.WebhookSecret
	tell(shop, "another secret", time.Now(), message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	tell(shop, secret, time.Now().Add(-time.Hour), message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	shop.Anyone().Post("/api/webhooks/shipping", message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	unknown := message
	unknown.ID, unknown.TrackingNumber = uuid.NewString(), "SBXUNKNOWN"
	tell(shop, secret, time.Now(), unknown).WantProblem(http.StatusNotFound, "not_found")

	never := message
	never.ID, never.DeliveredAt = uuid.NewString(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	tell(shop, secret, time.Now(), never).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	never.DeliveredAt, never.Status = message.DeliveredAt, shipping.InTransit
	tell(shop, secret, time.Now(), never).WantProblem(http.StatusUnprocessableEntity, "validation_failed")

	// Delivered comes before "in transit", and each of them twice.
	late := message
	late.ID, late.Tracking = uuid.NewString(), shipping.Tracking{Status: shipping.InTransit}
	for range 2 {
		tell(shop, secret, time.Now(), message).Want(http.StatusNoContent)
		tell(shop, secret, time.Now(), late).Want(http.StatusNoContent)
	}
	shop.AwaitStatus(placed.ID, order.Delivered)
	tell(shop, secret, time.Now(), message).Want(http.StatusNoContent)
	var receipts int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.webhook_receipts where source not like 'payment%' and handled_at is not null").Scan(&receipts); err != nil || receipts != 2 {
		t.Errorf("%d messages were handled, %v; want 2", receipts, err)
	}
}

func deliveredNow(shipped order.Document) shipping.Webhook {
	return shipping.Webhook{
		ID: uuid.NewString(), TrackingNumber: *shipped.Shipments[0].TrackingNumber,
		Tracking: shipping.Tracking{Status: shipping.Delivered, DeliveredAt: time.Now()},
	}
}

func tell(shop *workertest.Shop, secret string, at time.Time, message shipping.Webhook) *apitest.Answer {
	body, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	return shop.Anyone().Post("/api/webhooks/shipping", body, shipping.SignatureHeader, signature.Sign(secret, at, body))
}

func TestCaptureThatIsRefusedEndsTheOrder(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	buyer := shop.NewBuyer()
	buyer.Put(products[0], 2).Want(http.StatusOK)
	buyer.Put(products[1], 3).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyer.Buy("capture_refused").Want(http.StatusCreated))
	cancelled := shop.AwaitStatus(placed.ID, order.Cancelled)
	if cancelled.CancelReason == nil || *cancelled.CancelReason != string(order.CaptureRefused) || cancelled.PaymentStatus != order.PaymentFailed {
		t.Errorf("the order is %+v", cancelled)
	}
	for _, shipment := range cancelled.Shipments {
		if shipment.Status != "cancelled" {
			t.Errorf("a shipment is %s", shipment.Status)
		}
	}
	shop.WantStock(products[0], 10, 0)
	shop.WantStock(products[1], 10, 0)
	workertest.Await(t, "the payment to be voided", func() bool { return shop.Charges(placed.ID).Counts.Voids == 1 })
	if charges := shop.Charges(placed.ID); charges.Counts.Captures != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestRestOfAnOrderIsSentWhenOneCaptureIsRefused has the provider break in the middle of an order.
func TestRestOfAnOrderIsSentWhenOneCaptureIsRefused(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	buyer := shop.NewBuyer()
	for _, product := range products {
		buyer.Put(product, 1).Want(http.StatusOK)
	}
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	var shipments []shopdb.OrderingShipment
	workertest.Await(t, "the shipments to be planned", func() bool {
		planned, err := shop.Deps.DB.ShipmentsOfOrder(t.Context(), placed.ID)
		shipments = planned
		return err == nil && len(planned) == 2
	})
	// The steps as the workflow asks for them, in the order that is hardest to get right: the first
	// shipment has arrived before the second is given up, and each is asked for twice.
	db := shop.Deps.DB
	for range 2 {
		if err := errors.Join(
			released(db.ReleaseShipment(t.Context(), shopdb.ReleaseShipmentParams{ID: shipments[0].ID, PackedBy: "vendor"})),
			db.ShipShipment(t.Context(), shipments[0].ID),
			db.DeliverShipment(t.Context(), shopdb.DeliverShipmentParams{ID: shipments[0].ID, DeliveredAt: time.Now()}),
		); err != nil {
			t.Fatal(err)
		}
	}
	shop.AwaitStatus(placed.ID, order.Confirmed)
	for range 2 {
		status, err := db.CancelShipment(t.Context(), store.ShipmentCancellation{
			ShipmentID: shipments[1].ID, Reason: order.CaptureRefused, By: "shop", Restock: true,
		})
		if err != nil || status != order.ShipmentCancelled {
			t.Errorf("the shipment is %s, %v", status, err)
		}
	}
	shop.WantStock(products[0], 9, 0)
	shop.WantStock(products[1], 10, 0)
	if done := shop.AwaitStatus(placed.ID, order.Delivered); done.ActualDelivery == nil {
		t.Errorf("the order is %+v", done)
	}
}

func released(_ string, err error) error { return err }

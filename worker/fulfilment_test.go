package worker_test

import (
	"encoding/json"
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
	// No rule of this shop asks for tax or shipping yet: this one pretends.
	shop.Exec(`create function ordering.surcharge() returns trigger language plpgsql as $$
		begin
			new.tax_amount := 4.01;
			new.shipping_cost := 2.99;
			new.total_amount := new.subtotal + 7;
			return new;
		end $$`)
	shop.Exec("create trigger surcharge before insert on ordering.orders for each row execute function ordering.surcharge()")
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
	// 7.00 on 10, 20 and 30: 1.17, 2.33 and 3.50.
	if len(amounts) != 3 || amounts[0] != 1117 || amounts[1] != 2233 || amounts[2] != 3350 {
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

	message := shipping.Webhook{
		ID: uuid.NewString(), TrackingNumber: *shipped.Shipments[0].TrackingNumber,
		Tracking: shipping.Tracking{Status: shipping.Delivered, DeliveredAt: time.Now()},
	}
	tell := func(secret string, at time.Time, message shipping.Webhook) *apitest.Answer {
		body, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		return shop.Anyone().Post("/api/webhooks/shipping", body, shipping.SignatureHeader, shipping.Sign(secret, at, body))
	}
	secret := shop.Deps.Shop.WebhookSecret
	tell("another secret", time.Now(), message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	tell(secret, time.Now().Add(-time.Hour), message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	shop.Anyone().Post("/api/webhooks/shipping", message).WantProblem(http.StatusUnauthorized, "invalid_signature")
	unknown := message
	unknown.ID, unknown.TrackingNumber = uuid.NewString(), "SBXUNKNOWN"
	tell(secret, time.Now(), unknown).WantProblem(http.StatusNotFound, "not_found")

	// Delivered comes before "in transit", and each of them twice.
	late := message
	late.ID, late.Tracking = uuid.NewString(), shipping.Tracking{Status: shipping.InTransit}
	for range 2 {
		tell(secret, time.Now(), message).Want(http.StatusNoContent)
		tell(secret, time.Now(), late).Want(http.StatusNoContent)
	}
	shop.AwaitStatus(placed.ID, order.Delivered)
	tell(secret, time.Now(), message).Want(http.StatusNoContent)
	var receipts int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.webhook_receipts where handled_at is not null").Scan(&receipts); err != nil || receipts != 2 {
		t.Errorf("%d messages were handled, %v; want 2", receipts, err)
	}
}

package worker_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
)

// happen has something happen to the payment of an order at the provider that the shop has not asked for.
func happen(t *testing.T, shop *workertest.Shop, what string, to uuid.UUID) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"reference": to})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, shop.Sandbox+what, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s was answered %s", what, answer.Status)
	}
}

// wantNothingWrong has the shop audited.
func wantNothingWrong(t *testing.T, shop *workertest.Shop) {
	t.Helper()
	if run := askForAudit(t, shop, ""); run.State != "clean" {
		t.Errorf("the audit has found %+v", run)
	}
}

// TestOrderIsGivenUpWhoseAuthorisationIsGone has the provider let go of the money of a sold order that
// waits for its vendors: nothing is sent, and the customer is told why.
func TestOrderIsGivenUpWhoseAuthorisationIsGone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	buyer, id := buy(shop, "webhook_twice", 2, products...)
	shipments := planned(t, shop, id, 2)
	happen(t, shop, "/expirations", id)
	shop.AwaitStatus(id, order.Cancelled)
	seen := apitest.Decode[order.Document](buyer.Get(orderPath(id, "")).Want(http.StatusOK))
	if seen.CancelReason == nil || *seen.CancelReason != string(order.AuthorizationLost) || seen.PaymentStatus != order.PaymentFailed {
		t.Errorf("the customer sees %+v", seen)
	}
	shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/ship"), nil).WantProblem(http.StatusConflict, "shipment_cancelled")
	for _, product := range products {
		shop.WantStock(product, 10, 0)
	}
	if charges := shop.Charges(id); charges.Captured != 0 || charges.Counts.Voids != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	wantNothingWrong(t, shop)
}

// TestRestIsGivenUpWhoseAuthorisationIsGone has the provider let go of what is left of a payment of which
// a part was captured: what was sent arrives, the rest is given up.
func TestRestIsGivenUpWhoseAuthorisationIsGone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	_, id := buy(shop, "approve", 1, products...)
	shipments := planned(t, shop, id, 2)
	shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/ship"), nil).Want(http.StatusOK)
	workertest.Await(t, "a part to be captured", func() bool { return shop.Charges(id).Counts.Captures == 1 })
	happen(t, shop, "/expirations", id)
	delivered := shop.AwaitStatus(id, order.Delivered)
	if delivered.PaymentStatus != order.PaymentCompleted {
		t.Errorf("the payment is %s", delivered.PaymentStatus)
	}
	now := planned(t, shop, id, 2)
	if now[0].Status != "delivered" || now[1].Status != "cancelled" || *now[1].CancelReason != string(order.AuthorizationLost) {
		t.Errorf("the shipments are %+v", now)
	}
	shop.WantStock(products[0], 9, 0)
	shop.WantStock(products[1], 10, 0)
	if charges := shop.Charges(id); charges.Captured != shipments[0].Amount || charges.Refunded != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	wantNothingWrong(t, shop)
}

// TestOrderNobodyPaysForIsFound has the API die after it wrote down that the money is gone.
func TestOrderNobodyPaysForIsFound(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	_, id := buy(shop, "approve", 1, product)
	planned(t, shop, id, 1)
	// Of an order that is paid for, nothing is given up, whoever asks.
	if err := shop.Deps.DB.GiveUpLost(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if waits := planned(t, shop, id, 1)[0]; waits.Status != string(order.ShipmentPending) {
		t.Fatalf("the shipment is %s", waits.Status)
	}
	var payment uuid.UUID
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.payments where order_id = $1", id).Scan(&payment); err != nil {
		t.Fatal(err)
	}
	void := "void"
	for range 2 {
		taken, err := shop.Deps.DB.TakePaymentWebhook(t.Context(), shopdb.TakePaymentWebhookParams{
			Source: "sandbox", EventID: "expired", Payload: []byte("{}"), PaymentID: &payment, Operation: &void,
			Key: "expired/1", Amount: 100, Outcome: "approved",
		})
		if err != nil || !taken.Lost || taken.Handled {
			t.Fatalf("it was taken as %+v, %v", taken, err)
		}
	}
	if done := shop.AwaitStatus(id, order.Cancelled); *done.CancelReason != string(order.AuthorizationLost) {
		t.Errorf("the order is %+v", done)
	}
	shop.WantStock(product, 10, 0)
	var lost int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from ordering.order_events where order_id = $1 and type = 'payment.lost'", id).
		Scan(&lost); err != nil || lost != 1 {
		t.Errorf("it was lost %d times, %v", lost, err)
	}
}

// TestNothingIsLostOfWhatWasGivenUp has a vendor cancel a part of an order, and the shop let go of its money itself.
func TestNothingIsLostOfWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	id := cancelOneOfTwo(t, shop)
	var lost bool
	var told int
	workertest.Await(t, "the ledger to have the void", func() bool {
		var voided bool
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			select
				exists (
					select from ordering.payment_attempts
					where payment_id = payments.id and operation = 'void' and outcome = 'approved'
				),
				lost_at is not null,
				(select count(*) from ordering.order_events where order_id = $1 and type = 'payment.lost')
			from ordering.payments
			where order_id = $1`, id).Scan(&voided, &lost, &told); err != nil {
			t.Fatal(err)
		}
		return voided
	})
	if lost || told != 0 {
		t.Errorf("what the shop gave up counts as lost: %t, told %d times", lost, told)
	}
}

// TestRefundThatFailsLaterIsAskedForAgain has a refund that was completed fail at the provider: it is
// seen to be stuck, nothing counts as paid back, and the same is asked for again.
func TestRefundThatFailsLaterIsAskedForAgain(t *testing.T) {
	t.Parallel()
	shop, buyer, product, delivered := arrived(t, "approve", 2)
	id := delivered.ID
	returnAll(t, shop, buyer, id, product, 2)
	awaitRefund(t, shop, id, "completed")
	happen(t, shop, "/refund-failures", id)
	failed := awaitRefund(t, shop, id, "failed")[0]
	if failed.Failure == nil || *failed.Failure != "account_closed" || failed.CompletedAt != nil {
		t.Errorf("the refund is %+v", failed)
	}
	wantLedger(t, shop, id, delivered.TotalAmount, 0)
	stuck := func() (found bool) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select exists (select from ordering.waiting where kind = 'refund' and id = $1)", failed.ID.String()).
			Scan(&found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	if !stuck() {
		t.Error("nobody is told that the customer has not got their money")
	}
	wantNothingWrong(t, shop)

	shop.Admin().Post("/api/refunds/"+failed.ID.String()+"/retry", nil).Want(http.StatusCreated)
	awaitRefund(t, shop, id, "completed", "failed")
	if stuck() {
		t.Error("what was asked for again still waits")
	}
	wantLedger(t, shop, id, delivered.TotalAmount, delivered.TotalAmount)
	if charges := shop.Charges(id); charges.Refunded != delivered.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 10, 0) // the goods came back once
	wantNothingWrong(t, shop)
}

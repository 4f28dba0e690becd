package worker_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// TestNoMoreIsRefundedThanWasPaid has operators refund the same units, and amounts, all at once.
func TestNoMoreIsRefundedThanWasPaid(t *testing.T) {
	t.Parallel()
	shop, _, product, delivered := arrived(t, "approve", 3)
	id := delivered.ID
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

// TestRefundThatNobodyWorksOnIsTakenUpAgain terminates the workflow of a refund.
func TestRefundThatNobodyWorksOnIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop, _, product, delivered := arrived(t, "approve", 1)
	id := delivered.ID
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

// TestRefundThatIsRefusedIsAskedForAgain has the provider decline a refund, and then make it.
func TestRefundThatIsRefusedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	shop, buyer, product, delivered := arrived(t, "refund_refused", 2)
	id := delivered.ID
	returnAll(t, shop, buyer, id, product, 2)
	failed := awaitRefund(t, shop, id, "failed")[0]
	if failed.Failure == nil || *failed.Failure != "refund_refused" {
		t.Errorf("the refund is %+v", failed)
	}
	if charges := shop.Charges(id); charges.Refunded != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	wantLedger(t, shop, id, delivered.TotalAmount, 0)

	retry := "/api/refunds/" + failed.ID.String() + "/retry"
	buyer.Post(retry, nil).WantProblem(http.StatusForbidden, "forbidden")
	made := map[uuid.UUID]bool{}
	for range 3 {
		again := apitest.Decode[order.Refund](shop.Admin().Post(retry, nil).Want(http.StatusCreated))
		made[again.ID] = true
		if again.RetryOf == nil || *again.RetryOf != failed.ID || again.Amount != failed.Amount || len(again.Items) != len(failed.Items) {
			t.Errorf("asked again as %+v", again)
		}
	}
	if len(made) != 1 {
		t.Errorf("asking three times made %d refunds", len(made))
	}
	completed := awaitRefund(t, shop, id, "completed", "failed")[0]
	shop.Admin().Post("/api/refunds/"+completed.ID.String()+"/retry", nil).WantProblem(http.StatusConflict, "refund_not_failed")
	shop.Admin().Post("/api/refunds/"+uuid.NewString()+"/retry", nil).WantProblem(http.StatusNotFound, "not_found")
	wantLedger(t, shop, id, delivered.TotalAmount, delivered.TotalAmount)
	if charges := shop.Charges(id); charges.Counts.Refunds != 1 || charges.Refunded != delivered.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 10, 0) // the goods came back once
}

// TestWhatWasRefundedOtherwiseIsNotAskedForAgain gives the money of a failed refund back in another way.
func TestWhatWasRefundedOtherwiseIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	shop, _, product, delivered := arrived(t, "refund_refused", 1)
	id := delivered.ID
	admin := shop.Admin()
	admin.Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "1").Want(http.StatusCreated)
	failed := awaitRefund(t, shop, id, "failed")[0]
	admin.Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "2").Want(http.StatusCreated)
	awaitRefund(t, shop, id, "completed", "failed")
	if answer := admin.Post("/api/refunds/"+failed.ID.String()+"/retry", nil); answer.Status != http.StatusConflict {
		t.Errorf("it was answered %d", answer.Status)
	}
	if charges := shop.Charges(id); charges.Counts.Refunds != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestRefundWhoseAnswerIsLostIsPaidOnce has a provider that refunds and never says so.
func TestRefundWhoseAnswerIsLostIsPaidOnce(t *testing.T) {
	t.Parallel()
	shop, _, product, delivered := arrived(t, "refund_timeout", 1, workertest.PaymentTimeout(time.Second), workertest.LostPaymentWebhooks())
	id := delivered.ID
	refund := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "1").Want(http.StatusCreated))
	awaitRefund(t, shop, id, "completed")
	awaitAsked(t, shop, id, "lookup")
	if charges := shop.Charges(id); charges.Counts.Refunds != 1 || charges.Refunded != refund.Amount {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestShippingIsGivenBackOnce pays a part of everything back, of the shipping too, and then takes all of
// the goods back: what is paid with them is the rest, to the cent.
func TestShippingIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	shop, buyer, product, delivered := arrived(t, "approve", 2)
	id := delivered.ID
	part := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"),
		map[string]any{"amount": "7.77", "reason": "late"}, "Idempotency-Key", "part").Want(http.StatusCreated))
	if part.ShippingAmount == 0 {
		t.Fatalf("nothing of the shipping is in %+v", part)
	}
	awaitRefund(t, shop, id, "completed")
	returnAll(t, shop, buyer, id, product, 2)
	awaitRefund(t, shop, id, "completed", "completed")
	wantLedger(t, shop, id, delivered.TotalAmount, delivered.TotalAmount)
}

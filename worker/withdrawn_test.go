package worker_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// meanwhile does something, once, after the provider has authorised a payment and before the shop is
// told: by the answer, or by that to a look-up, which waits until it is done.
type meanwhile struct {
	do   func()
	once sync.Once
}

func (m *meanwhile) authorized(answer *http.Response) error {
	if answer.StatusCode < http.StatusBadRequest {
		m.once.Do(m.do)
	}
	return nil
}

// withdraw has a customer cancel between the authorisation of their payment and the confirmation of
// their order, by a process that dies before it tells the checkout. It returns the order and what
// whoever placed it was answered.
func withdraw(t *testing.T, shop *workertest.Shop, m *meanwhile, product int64) (uuid.UUID, *apitest.Answer) {
	t.Helper()
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	var placed uuid.UUID
	m.do = func() {
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.orders where customer_id = $1", buyer.ID).Scan(&placed); err != nil {
			t.Error(err)
		}
		status, err := shop.Deps.DB.RequestCancellation(t.Context(), store.CancelRequest{
			OrderID: placed, CustomerID: &buyer.ID, Reason: order.CancelledByCustomer,
		})
		if err != nil || status != order.Pending {
			t.Errorf("when it was cancelled, the order was %s, %v", status, err)
		}
	}
	answer := buyer.Buy("approve")
	return placed, answer
}

// TestOrderThatWasCancelledIsNotConfirmed has the customer cancel when their payment is authorised
// and the order is not confirmed: it never is, and the money is given back at once.
func TestOrderThatWasCancelledIsNotConfirmed(t *testing.T) {
	t.Parallel()
	var m meanwhile
	shop := workertest.New(t, workertest.Answers(m.authorized), workertest.LostPaymentWebhooks())
	product := shop.NewProducts(1, 10)[0]
	placed, answer := withdraw(t, shop, &m, product)
	answer.WantProblem(http.StatusConflict, "cancelled_by_customer")

	done := shop.AwaitStatus(placed, order.Cancelled)
	if done.CancelReason == nil || *done.CancelReason != string(order.CancelledByCustomer) || done.PaymentStatus != order.PaymentFailed {
		t.Errorf("the order is %+v", done)
	}
	awaitVoid(t, shop, placed)
	shop.WantStock(product, 10, 2) // they are the cart's again
	if charges := shop.Charges(placed); charges.Counts.Authorizations != 1 || charges.Counts.Captures != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	var sold int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.order_events where order_id = $1 and type = 'order.confirmed'", placed).Scan(&sold); err != nil || sold != 0 {
		t.Errorf("it was confirmed %d times, %v", sold, err)
	}
	workertest.Await(t, "the payment to be voided in the ledger", func() bool {
		var status string
		err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select status from ordering.payments where order_id = $1", placed).Scan(&status)
		return err == nil && status == "voided"
	})
	var lost int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.order_events where order_id = $1 and type = 'payment.lost'", placed).Scan(&lost); err != nil || lost != 0 {
		t.Errorf("what the shop gave up counts as lost: told %d times, %v", lost, err)
	}
}

// TestOrderThatWasCancelledIsNotSold cancels an order whose checkout nobody has begun: the provider is
// never asked for its money.
func TestOrderThatWasCancelledIsNotSold(t *testing.T) {
	t.Parallel()
	silent, speak := silence(t)
	shop := workertest.New(t, silent, workertest.LostPaymentWebhooks())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	id := buyAsync(buyer, "approve")
	terminate(t, shop, workflows.CheckoutID(id))
	asked, err := shop.Deps.DB.Pool.Exec(t.Context(), `
		update ordering.orders set cancel_request = 'cancelled_by_customer', cancel_requested_at = now()
		where id = $1 and status = 'pending'`, id)
	if err != nil || asked.RowsAffected() != 1 {
		t.Fatalf("it was too late to cancel: %v", err)
	}
	speak()
	done := shop.AwaitStatus(id, order.Cancelled)
	if done.CancelReason == nil || *done.CancelReason != string(order.CancelledByCustomer) || done.PaymentStatus != order.PaymentFailed {
		t.Errorf("the order is %+v", done)
	}
	var confirmed int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.order_events where order_id = $1 and type = 'order.confirmed'", id).Scan(&confirmed); err != nil || confirmed != 0 {
		t.Errorf("it was confirmed %d times, %v", confirmed, err)
	}
	if charges := shop.Charges(id); charges.Counts.Captures != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
}

// TestCancellationNobodyWasToldOfIsFound has the API die when it has written down that an order which waits for
// its transfer shall be cancelled.
func TestCancellationNobodyWasToldOfIsFound(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.TransferPatience(10*time.Minute))
	buyer, product, awaited := awaitedTransfer(t, shop)
	awaitTimer(t, shop, workflows.CheckoutID(awaited.ID))
	if _, err := shop.Deps.DB.RequestCancellation(t.Context(), store.CancelRequest{
		OrderID: awaited.ID, CustomerID: &buyer.ID, Reason: order.CancelledByCustomer,
	}); err != nil {
		t.Fatal(err)
	}
	if done := shop.AwaitStatus(awaited.ID, order.Cancelled); *done.CancelReason != string(order.CancelledByCustomer) {
		t.Errorf("the order is %+v", done)
	}
	shop.WantStock(product, 10, 0)
}

package store_test

import (
	"testing"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// TestPaymentAuthorisedAfterItsVoidIsVoidedAnew has the answer to an authorisation arrive after its
// void: the money is set aside until a void that was asked for later is answered.
func TestPaymentAuthorisedAfterItsVoidIsVoidedAnew(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, payment := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 1, 1)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, token, amount, currency)
		values ($1, $2, 'sandbox', 'card', 'approve', 1, 'EUR')`, payment, placed)
	for i, told := range []struct {
		ask                      bool // for it before it is told
		operation, outcome, want string
	}{
		{true, "void", "approved", "voided"},
		{false, "authorize", "approved", "authorized"},
		{false, "void", "approved", "authorized"}, // the first answer once more
		{true, "void", "approved", "voided"},
		{false, "authorize", "approved", "voided"},
		{false, "authorize", "declined", "voided"},
	} {
		if told.ask {
			asked, err := db.AskPayment(t.Context(), shopdb.AskPaymentParams{OrderID: placed, Operation: told.operation})
			if err != nil || asked.Earlier == "approved" {
				t.Fatalf("%d: asked for the %s, which was %q, %v", i, told.operation, asked.Earlier, err)
			}
		}
		if err := db.RecordPayment(t.Context(), shopdb.RecordPaymentParams{
			PaymentID: payment, Operation: told.operation, Key: told.operation + "/" + payment.String(), Amount: 100, Outcome: told.outcome,
		}); err != nil {
			t.Fatal(err)
		}
		var status string
		err := db.Pool.QueryRow(t.Context(), "select status from ordering.payments where id = $1", payment).Scan(&status)
		if err != nil || status != told.want {
			t.Fatalf("%d: after %s %s the payment is %s, %v; want %s", i, told.operation, told.outcome, status, err, told.want)
		}
	}
}

// TestRefundsAddUpOnce has each answer to a refund told twice, as after a crash.
func TestRefundsAddUpOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, payment := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'cash_on_delivery', 10, 10)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, amount, currency)
		values ($1, $2, 'manual', 'cash_on_delivery', 10, 'EUR')`, payment, placed)
	for _, step := range []struct {
		operation, key string
		amount         money.Amount
		want           string
	}{
		{"capture", "capture/1", 400, "pending pending 4.00 0.00"},
		{"capture", "capture/2", 600, "completed completed 10.00 0.00"},
		{"refund", "refund/1", 250, "partially_refunded partially_refunded 10.00 2.50"},
		{"refund", "refund/2", 750, "refunded refunded 10.00 10.00"},
	} {
		for range 2 {
			if err := db.RecordPayment(t.Context(), shopdb.RecordPaymentParams{
				PaymentID: payment, Operation: step.operation, Key: step.key, Amount: step.amount, Outcome: "approved",
			}); err != nil {
				t.Fatal(err)
			}
			var now string
			if err := db.Pool.QueryRow(t.Context(), `
				select format('%s %s %s %s', orders.payment_status, payment.status, captured_amount, refunded_amount)
				from ordering.payments as payment inner join ordering.orders on orders.id = payment.order_id
				where payment.id = $1`, payment).Scan(&now); err != nil || now != step.want {
				t.Fatalf("after %s the payment is %q, want %q: %v", step.key, now, step.want, err)
			}
		}
	}
}

package store_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// TestVoidedPaymentStaysVoided has the answer to an authorisation arrive after its void.
func TestVoidedPaymentStaysVoided(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, payment := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 1, 1)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, token, amount, currency)
		values ($1, $2, 'sandbox', 'card', 'approve', 1, 'EUR')`, payment, placed)
	for _, late := range []struct{ operation, outcome string }{
		{"void", "approved"}, {"authorize", "approved"}, {"void", "approved"}, {"authorize", "declined"},
	} {
		if err := db.RecordPayment(t.Context(), shopdb.RecordPaymentParams{
			PaymentID: payment, Operation: late.operation, Key: late.operation + "/" + payment.String(), Amount: 100, Outcome: late.outcome,
		}); err != nil {
			t.Fatal(err)
		}
		var status string
		err := db.Pool.QueryRow(t.Context(), "select status from ordering.payments where id = $1", payment).Scan(&status)
		if err != nil || status != "voided" {
			t.Fatalf("after %s %s the payment is %s, %v", late.operation, late.outcome, status, err)
		}
	}
	attempts, err := db.PaymentAttempts(t.Context(), placed)
	var noted []string
	for _, attempt := range attempts {
		noted = append(noted, attempt.Operation+" "+attempt.Outcome)
	}
	if err != nil || !slices.Equal(noted, []string{"void approved", "authorize approved"}) {
		t.Errorf("noted %q, %v", noted, err)
	}
}

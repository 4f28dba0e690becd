package store_test

import (
	"testing"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// TestMessageIsOverWhenItsSenderSaysSo has a message come again before and after whoever took it first has told the
// checkout: who dies in between is made up for, and nobody is told of what is over.
func TestMessageIsOverWhenItsSenderSaysSo(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, payment := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 10, 10)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, amount, currency)
		values ($1, $2, 'sandbox', 'card', 10, 'EUR')`, payment, placed)
	operation := "authorize"
	for i, over := range []bool{false, false, true, true} {
		if over && i == 2 {
			if err := db.WebhookHandled(t.Context(), shopdb.WebhookHandledParams{Source: "payments/sandbox", EventID: "authorized"}); err != nil {
				t.Fatal(err)
			}
		}
		taken, err := db.TakePaymentWebhook(t.Context(), shopdb.TakePaymentWebhookParams{
			Source: "sandbox", EventID: "authorized", Payload: []byte("{}"), PaymentID: &payment, Operation: &operation,
			Key: "authorize/" + payment.String(), Amount: 1000, Outcome: "approved",
		})
		if err != nil || taken.Handled != over || taken.Wanted == over || *taken.OrderID != placed {
			t.Errorf("the %dth time it is %+v, %v", i+1, taken, err)
		}
	}
}

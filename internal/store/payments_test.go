package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// TestPaymentAuthorisedAfterItsVoidIsVoidedAnew has the answer to an authorisation arrive after its
// void: the money is set aside until a void that was asked for later is answered.
func TestPaymentAuthorisedAfterItsVoidIsVoidedAnew(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, payment := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, status, cancel_reason, payment_method, subtotal, total_amount)
		values ($1, 1, 'cancelled', 'checkout_stopped', 'card', 1, 1)`, placed)
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

// TestPaymentOfASoldOrderIsNotVoided by anybody who asks for it: only once the order is cancelled, or
// nothing of it is left to capture.
func TestPaymentOfASoldOrderIsNotVoided(t *testing.T) {
	t.Parallel()
	db := open(t)
	for name, test := range map[string]struct {
		status             string
		captured, released int
		want               error
	}{
		"pending":                      {"pending", 0, 0, store.ErrSold},
		"sold":                         {"confirmed", 0, 0, store.ErrSold},
		"a part is captured":           {"confirmed", 4, 0, store.ErrSold},
		"something else is to be sent": {"confirmed", 4, 5, store.ErrSold},
		"the rest is given up":         {"confirmed", 4, 6, nil},
		"cancelled":                    {"cancelled", 0, 0, nil},
	} {
		placed, payment := uuid.New(), uuid.New()
		exec(t, db.Pool, `
			insert into ordering.orders (id, customer_id, status, cancel_reason, confirmed_at, payment_method, subtotal, total_amount)
			values ($1, 1, $2, case when $2 = 'cancelled' then 'test' end, case when $2 = 'confirmed' then now() end, 'card', 10, 10)`, placed, test.status)
		exec(t, db.Pool, `
			insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, released_amount, currency)
			values ($1, $2, 'sandbox', 'card', 'authorized', 10, $3, $4, 'EUR')`, payment, placed, test.captured, test.released)
		if _, err := db.AskPayment(t.Context(), shopdb.AskPaymentParams{OrderID: placed, Operation: "void"}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		var asked bool
		if err := db.Pool.QueryRow(t.Context(), "select exists (select from ordering.payment_attempts where payment_id = $1)", payment).Scan(&asked); err != nil || asked != (test.want == nil) {
			t.Errorf("%s: it is written down as asked: %t, %v", name, asked, err)
		}
	}
}

// TestWhatIsAskedAgainIsTheSameQuestion asks for a part of a payment twice, the second time for another
// amount under the same key.
func TestWhatIsAskedAgainIsTheSameQuestion(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, part := uuid.New(), uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 10, 10)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, currency)
		values ($1, $2, 'sandbox', 'card', 'completed', 10, 10, 'EUR')`, uuid.New(), placed)
	for _, amount := range []money.Amount{400, 300} {
		asked, err := db.AskPayment(t.Context(), shopdb.AskPaymentParams{
			OrderID: placed, Operation: "refund", PartID: &part, PartAmount: &amount,
		})
		if err != nil || asked.Amount != 400 {
			t.Errorf("asked for %s, %v", asked.Amount, err)
		}
	}
}

// TestRefundFailsAfterItWasMade has the provider tell that in any order, twice each: the ledger has what
// it says last, and the refund is not completed against it.
func TestRefundFailsAfterItWasMade(t *testing.T) {
	t.Parallel()
	db := open(t)
	const made, failed, complete = "made", "failed", "complete"
	for _, test := range []struct {
		steps []string
		want  string // of the payment, what was refunded, of the order and of the refund
	}{
		{[]string{made, complete}, "refunded 10.00 refunded completed"},
		{[]string{made, complete, failed}, "completed 0.00 completed failed"},
		{[]string{made, failed, complete}, "completed 0.00 completed failed"},
		{[]string{failed, made, complete}, "completed 0.00 completed failed"},
	} {
		placed, payment, refund := uuid.New(), uuid.New(), uuid.New()
		exec(t, db.Pool, `
			insert into ordering.orders (id, customer_id, payment_method, payment_status, subtotal, total_amount)
			values ($1, 1, 'card', 'completed', 10, 10)`, placed)
		exec(t, db.Pool, `
			insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, currency)
			values ($1, $2, 'sandbox', 'card', 'completed', 10, 10, 'EUR')`, payment, placed)
		exec(t, db.Pool, `
			insert into ordering.refunds (id, order_id, amount, currency) values ($1, $2, 10, 'EUR')`, refund, placed)
		key := "refund/" + refund.String()
		for i, step := range test.steps {
			for again := range 2 {
				var err error
				switch step {
				case made:
					err = db.RecordPayment(t.Context(), shopdb.RecordPaymentParams{
						PaymentID: payment, Operation: "refund", Key: key, Amount: 1000, Outcome: "approved",
					})
				case failed:
					code, operation := "account_closed", "refund"
					_, err = db.TakePaymentWebhook(t.Context(), shopdb.TakePaymentWebhookParams{
						Source: "sandbox", EventID: fmt.Sprint(refund, i, again), Payload: []byte("{}"), PaymentID: &payment,
						Operation: &operation, Key: key, Amount: 1000, Outcome: "declined", DeclineCode: &code,
					})
				case complete:
					err = db.CompleteRefund(t.Context(), refund)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		var now string
		if err := db.Pool.QueryRow(t.Context(), `
			select format('%s %s %s %s', payment.status, payment.refunded_amount, orders.payment_status, refund.status)
			from ordering.payments as payment
			inner join ordering.orders on orders.id = payment.order_id
			inner join ordering.refunds as refund on refund.order_id = orders.id
			where payment.id = $1`, payment).Scan(&now); err != nil || now != test.want {
			t.Errorf("after %v it is %q, want %q: %v", test.steps, now, test.want, err)
		}
		var told int
		if err := db.Pool.QueryRow(t.Context(), "select count(*) from ordering.order_events where order_id = $1 and type = 'refund.failed'", placed).
			Scan(&told); err != nil || told != strings.Count(test.want, "failed") {
			t.Errorf("after %v it was told %d times, %v", test.steps, told, err)
		}
	}
}

// TestNoMoreIsOnItsWayBackThanWasCaptured whoever asks for it: a refund that has failed makes room for
// another, a release takes none.
func TestNoMoreIsOnItsWayBackThanWasCaptured(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed := uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 10, 10)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, currency)
		values ($1, $2, 'sandbox', 'card', 'authorized', 10, 6, 'EUR')`, uuid.New(), placed)
	for i, step := range []struct {
		kind   string
		amount int
		fails  bool // afterwards
		want   string
	}{
		{"refund", 7, false, "MC020"},
		{"refund", 4, true, ""},
		{"refund", 4, false, ""},
		{"release", 4, false, ""},
		{"refund", 3, false, "MC020"},
		{"refund", 2, false, ""},
		{"refund", 1, false, "MC020"},
	} {
		id := uuid.New()
		_, err := db.Pool.Exec(t.Context(), `
			insert into ordering.refunds (id, order_id, amount, currency, kind, status, completed_at)
			values ($1, $2, $3, 'EUR', $4, case $4 when 'refund' then 'pending' else 'completed' end, case when $4 <> 'refund' then now() end)`,
			id, placed, step.amount, step.kind)
		code := ""
		if refused := new(pgconn.PgError); errors.As(err, &refused) {
			code = refused.Code
		}
		if code != step.want || (err != nil) != (step.want != "") {
			t.Errorf("%d: a %s of %d: %v", i, step.kind, step.amount, err)
		}
		if step.fails {
			if err := db.FailRefund(t.Context(), shopdb.FailRefundParams{ID: id, Failure: "account closed"}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSaleAnswersItsRequestOnce sells an order whose request was answered while it waited for its
// transfer, and one whose request was not, twice each.
func TestSaleAnswersItsRequestOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, answered := range []bool{false, true} {
		placed, payment := uuid.New(), uuid.New()
		exec(t, db.Pool, `
			insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
			values ($1, 1, 'card', 1, 1)`, placed)
		exec(t, db.Pool, `
			insert into ordering.payments (id, order_id, provider, method, token, amount, currency)
			values ($1, $2, 'sandbox', 'card', 'approve', 1, 'EUR')`, payment, placed)
		exec(t, db.Pool, `
			insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id)
			values ('customer/1', $1::uuid::text, 'checkout', '', $1::uuid)`, placed)
		if answered {
			exec(t, db.Pool, `
				update ordering.idempotency_keys
				set response_status = 202, response = '{}', completed_at = now()
				where order_id = $1`, placed)
		}
		for again := range 2 {
			sale, err := db.SellAuthorized(t.Context(), shopdb.SellAuthorizedParams{
				PaymentID: payment, Key: "authorize/" + payment.String(), Amount: 100,
			})
			if err != nil || !sale.Sold || (sale.Answer != nil) != (!answered && again == 0) {
				t.Errorf("answered before: %t; sold %t with the answer %s, %v", answered, sale.Sold, sale.Answer, err)
			}
		}
	}
}

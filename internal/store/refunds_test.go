package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/store"
)

// refusal is the code that the database has refused something with; empty for nil.
func refusal(t *testing.T, err error) string {
	t.Helper()
	refused := new(pgconn.PgError)
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Code
}

// paidOrder is an order of one line of 3 units for 9.00, all of it captured.
func paidOrder(t *testing.T, db *store.DB) (placed uuid.UUID, line int64) {
	t.Helper()
	placed = uuid.New()
	exec(t, db.Pool, `
		insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
		values ($1, 1, 'card', 9, 9)`, placed)
	exec(t, db.Pool, `
		insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, currency)
		values ($1, $2, 'sandbox', 'card', 'completed', 9, 9, 'EUR')`, uuid.New(), placed)
	if err := db.Pool.QueryRow(t.Context(), `
		insert into ordering.order_items (order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price)
		values ($1, 1, 1, 1, 3, 3, 1, 9) returning id`, placed).Scan(&line); err != nil {
		t.Fatal(err)
	}
	return placed, line
}

// addRefund asks for an amount of an order.
const addRefund = "insert into ordering.refunds (id, order_id, amount, currency) values ($1, $2, $3, 'EUR')"

// TestWhoAsksForARefundWaitsForWhoAskedBefore has two refunds asked for at once that are more than was captured
// together: the second sees the first, though that is not committed when it asks.
func TestWhoAsksForARefundWaitsForWhoAskedBefore(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, _ := paidOrder(t, db)
	first := begin(t, db)
	exec(t, first, addRefund, uuid.New(), placed, 5)
	second := make(chan error, 1)
	go func() {
		_, err := db.Pool.Exec(t.Context(), addRefund, uuid.New(), placed, 5)
		second <- err
	}()
	await(t, db, `
		select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
			or (select count(*) from ordering.refunds) > 0`)
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-second:
		if code := refusal(t, err); code != "MC020" {
			t.Errorf("ten of nine are paid back: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the second waits although the first is over")
	}
}

// TestNoMoreOfALineIsRefundedThanWasBought, neither of its units nor of what it cost; what has failed does not count.
func TestNoMoreOfALineIsRefundedThanWasBought(t *testing.T) {
	t.Parallel()
	db := open(t)
	placed, line := paidOrder(t, db)
	_, others := paidOrder(t, db)
	for i, step := range []struct {
		line        int64
		qty, amount int
		fails       bool // afterwards
		want        string
	}{
		{line, 4, 1, false, "MC021"},
		{line, 1, 9, true, ""},
		{line, 2, 5, false, ""},
		{line, 0, 5, false, "MC021"},
		{line, 2, 1, false, "MC021"},
		{others, 1, 1, false, "MC021"}, // of another order
		{line, 1, 4, false, ""},
	} {
		refund := uuid.New()
		tx := begin(t, db)
		exec(t, tx, addRefund, refund, placed, "0.01") // of the whole order there is more left
		_, err := tx.Exec(t.Context(), `
			insert into ordering.refund_items (refund_id, order_item_id, qty, amount) values ($1, $2, $3, $4)`, refund, step.line, step.qty, step.amount)
		if code := refusal(t, err); code != step.want {
			t.Errorf("%d: %d units for %d: %v", i, step.qty, step.amount, err)
		}
		if step.want != "" {
			err = tx.Rollback(t.Context())
		} else if err = tx.Commit(t.Context()); err == nil && step.fails {
			exec(t, db.Pool, "select ordering.fail_refund($1, 'account_closed')", refund)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

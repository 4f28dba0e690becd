package store_test

import (
	"strings"
	"testing"
)

// The warehouse has a row on its day: on another one it would be there twice, or be refused.
func TestDayOfARowDoesNotChange(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := confirm(t, db.Pool)
	exec(t, db.Pool, `insert into ordering.refunds (id, order_id, kind, amount, currency, status, completed_at)
		values (gen_random_uuid(), $1, 'release', 1, 'EUR', 'completed', now())`, id)
	exec(t, db.Pool, `insert into ordering.order_items (order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price)
		values ($1, 99, 1, 1, 1, 1, 1, 1)`, id)
	for _, change := range []string{
		"update ordering.orders set order_date = order_date + interval '1 day'",
		"update ordering.orders set created_at = created_at - interval '1 day'",
		"update ordering.order_items set created_at = created_at - interval '1 day'",
		"update ordering.order_items set order_id = gen_random_uuid()",
		"update ordering.refunds set created_at = created_at - interval '1 day'",
	} {
		if _, err := db.Pool.Exec(t.Context(), change); err == nil || !strings.Contains(err.Error(), "does not change") {
			t.Errorf("%s: %v", change, err)
		}
	}
	exec(t, db.Pool, "update ordering.orders set order_date = order_date, notes = 'called' where id = $1", id)
}

package store_test

import (
	"maps"
	"slices"
	"testing"

	"mercado/internal/order"
)

func TestTransitionsAreTheSameInTheDatabase(t *testing.T) {
	t.Parallel()
	db := open(t)
	rows, err := db.OrderTransitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := map[order.Status][]order.Status{}
	for _, row := range rows {
		kept[order.Status(row.FromStatus)] = append(kept[order.Status(row.FromStatus)], order.Status(row.ToStatus))
	}
	if !maps.EqualFunc(kept, order.Transitions, slices.Equal[[]order.Status]) {
		t.Errorf("the database has %v, the program %v", kept, order.Transitions)
	}
}

func TestDatabaseRefusesOtherTransitions(t *testing.T) {
	t.Parallel()
	db := open(t)
	all := []order.Status{order.Pending, order.Confirmed, order.Shipped, order.Delivered, order.Cancelled, order.Returned}
	for _, from := range all {
		for _, to := range all {
			if from == to {
				continue
			}
			id := confirm(t, db.Pool)
			// Only the trigger is under test: the order is put where it starts from without it.
			exec(t, db.Pool, "alter table ordering.orders disable trigger orders_transition")
			exec(t, db.Pool, `update ordering.orders
				set status = $2, cancel_reason = case when $2 = 'cancelled' then 'test' end where id = $1`, id, string(from))
			exec(t, db.Pool, "alter table ordering.orders enable trigger orders_transition")
			_, err := db.Pool.Exec(t.Context(), `update ordering.orders
				set status = $2, cancel_reason = case when $2 = 'cancelled' then 'test' end where id = $1`, id, string(to))
			if allowed := slices.Contains(order.Transitions[from], to); allowed != (err == nil) {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
		}
	}
}

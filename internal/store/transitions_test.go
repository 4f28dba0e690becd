package store_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mercado/internal/order"
)

func TestTransitionsAreTheSameInTheDatabase(t *testing.T) {
	t.Parallel()
	db := open(t)
	rows, err := db.Transitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := map[order.Thing]map[string][]string{}
	for _, row := range rows {
		thing := order.Thing(row.Thing)
		if kept[thing] == nil {
			kept[thing] = map[string][]string{}
		}
		kept[thing][row.FromStatus] = append(kept[thing][row.FromStatus], row.ToStatus)
	}
	equal := func(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal[[]string]) }
	if !maps.EqualFunc(kept, order.Transitions, equal) {
		t.Errorf("the database has %v, the program %v", kept, order.Transitions)
	}
}

// things says where each thing's status is kept, and what a row needs beside it in a status.
var things = map[order.Thing]struct{ table, set string }{
	order.AnOrder:   {"orders", "cancel_reason = case when $1 = 'cancelled' then 'test' end"},
	order.AShipment: {"shipments", "packed_at = now(), delivered_at = case when $1 = 'delivered' then now() end"},
	order.APayment:  {"payments", "token = null"},
	order.AReturn:   {"returns", "rejected_because = case when $1 = 'rejected' then 'test' end"},
	order.ARefund: {"refunds", `failure = case when $1 = 'failed' then 'test' end,
		completed_at = case when $1 = 'completed' then now() end`},
}

// TestDatabaseRefusesOtherTransitions puts one row of each thing in every status that its column
// takes, and from there in every other.
func TestDatabaseRefusesOtherTransitions(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := confirm(t, db.Pool)
	exec(t, db.Pool, "insert into ordering.payments (id, order_id, provider, method, status, amount, captured_amount, currency) values (gen_random_uuid(), $1, 'sandbox', 'card', 'completed', 10, 10, 'EUR') on conflict (order_id) do update set amount = 10, captured_amount = 10", id)
	exec(t, db.Pool, "insert into ordering.shipments (id, order_id, vendor_id, amount, currency) values (gen_random_uuid(), $1, 1, 10, 'EUR')", id)
	exec(t, db.Pool, "insert into ordering.returns (id, order_id, requested_by) values (gen_random_uuid(), $1, 'admin')", id)
	exec(t, db.Pool, "insert into ordering.refunds (id, order_id, amount, currency) values (gen_random_uuid(), $1, 5, 'EUR')", id)
	for thing, where := range things {
		var check string
		if err := db.Pool.QueryRow(t.Context(), `
			select pg_get_constraintdef(oid) from pg_constraint
			where conrelid = ('ordering.' || $1)::regclass and conname = $1 || '_status_check'`, where.table).Scan(&check); err != nil {
			t.Fatal(err)
		}
		var all []string
		for i, part := range strings.Split(check, "'") {
			if i%2 == 1 {
				all = append(all, part)
			}
		}
		if len(all) < 3 {
			t.Fatalf("%s takes only %v", where.table, all)
		}
		move := "update ordering." + where.table + " set status = $1::text, " + where.set
		for _, from := range all {
			for _, to := range all {
				if from == to {
					continue
				}
				// Only the trigger is under test: the row is put where it starts from without it.
				exec(t, db.Pool, "alter table ordering."+where.table+" disable trigger "+where.table+"_transition")
				exec(t, db.Pool, move, from)
				exec(t, db.Pool, "alter table ordering."+where.table+" enable trigger "+where.table+"_transition")
				_, err := db.Pool.Exec(t.Context(), move, to)
				if allowed := slices.Contains(order.Transitions[thing][from], to); allowed != (err == nil) {
					t.Errorf("%s from %s to %s: %v", thing, from, to, err)
				}
			}
		}
	}
}

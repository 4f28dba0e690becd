package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// manyReturns are 30,000 of vendor 1, oldest first, and one of vendor 2 that is older than all of them.
const manyReturns = `
	insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount)
	values ('00000000-0000-7000-8000-000000000001', 1, 'card', 1, 1);
	insert into ordering.order_items (id, order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price)
	values (1, '00000000-0000-7000-8000-000000000001', 1, 1, 1, 1, 1, 1, 1), (2, '00000000-0000-7000-8000-000000000001', 2, 2, 2, 1, 0, 0, 0);
	insert into ordering.returns (id, order_id, requested_by)
	select lpad(to_hex(n), 32, '0')::uuid, '00000000-0000-7000-8000-000000000001', 'customer' from generate_series(0, 30000) as n;
	insert into ordering.return_items (return_id, order_item_id, vendor_id, qty)
	select id, case when id = uuid_nil then 2 else 1 end, case when id = uuid_nil then 2 else 1 end, 1
	from ordering.returns, (values ('00000000-0000-0000-0000-000000000000'::uuid)) as nil (uuid_nil);
	update ordering.return_items set received_at = now(), restocked = true where vendor_id = 1;
	vacuum;
	analyze`

// TestReturnsOfAVendorAreFoundByAnIndex has Postgres explain the list of a vendor with many returns and of one
// with few, also after it has stopped to plan for the arguments.
func TestReturnsOfAVendorAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	db := open(t)
	for statement := range strings.SplitSeq(manyReturns, ";") {
		mustExec(t, db, statement)
	}
	connection := explaining(t, db)
	read := shopdb.New(connection)
	requested := "requested"
	for vendor, want := range map[int64]int{1: 0, 2: 1} {
		connection.told = nil
		rows, err := read.ListVendorReturns(t.Context(), shopdb.ListVendorReturnsParams{VendorID: vendor, Status: &requested, Page: 21})
		if err != nil || len(rows) != want {
			t.Fatalf("vendor %d has %d returns to receive, %v; want %d", vendor, len(rows), err, want)
		}
		if made := len(connection.told) - 1; made != want {
			t.Errorf("%d documents were made to find %d returns to receive", made, want)
		}
	}
	var last *uuid.UUID
	for round := range 12 {
		for vendor, want := range map[int64]int{1: 21, 2: 1} {
			for _, before := range []*uuid.UUID{nil, last} {
				if before != nil && vendor == 2 {
					continue
				}
				connection.told = nil
				rows, err := read.ListVendorReturns(t.Context(), shopdb.ListVendorReturnsParams{VendorID: vendor, Before: before, Page: 21})
				if err != nil || len(rows) != want {
					t.Fatalf("vendor %d has %d returns, %v; want %d", vendor, len(rows), err, want)
				}
				if vendor == 1 && before == nil {
					last = &rows[20].ID
				}
				entries, _, whole := connection.cost()
				if entries > 1500 || slices.Contains(whole, "returns") || slices.Contains(whole, "return_items") {
					t.Errorf("round %d: %.0f entries looked at for %d returns of vendor %d, and all of %v", round, entries, want, vendor, whole)
				}
			}
		}
	}
}

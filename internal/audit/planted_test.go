package audit_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/audit"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// plant is one way to break the books.
type plant struct {
	plant []string
	names string   // a query of the subject that is to be found
	also  []string // checks that must tell as well, since one cannot be broken without the other
}

// planted says, for every check, how to break what it proves, and what it must then name. A check that
// claims several things is here for each, or in claims, as check/claim. The
// statements may use @sold, a delivered order; @declined, one that was cancelled; @cart, one that
// holds stock; and @product, the one that @sold sold.
var planted = map[string]plant{
	"stock_balances": {
		plant: []string{"update catalog.stock set on_hand = on_hand + 1 where product_id = @product"},
		names: "select @product::bigint",
	},
	"stock_days": {
		plant: []string{"update catalog.stock_days set reserved_delta = reserved_delta + 1 where product_id = @product"},
		names: "select @product::bigint",
	},
	"stock_reservations": {
		plant: []string{
			"update catalog.stock set reserved = reserved + 1 where product_id = @product",
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			values (@product, 'reserve', 0, 1, 'inventory')`,
		},
		names: "select @product::bigint",
		also:  []string{"stock_days"},
	},
	"cart_stock_moves": {
		plant: []string{"update catalog.stock_ledger set reference_id = 'lost' where reference_id = @cart::text"},
		names: "select @cart::uuid",
	},
	"cart_holds": {
		plant: []string{"update ordering.carts set status = 'abandoned' where id = @cart"},
		names: "select @cart::uuid",
	},
	"carts_checked_out": {
		plant: []string{`update ordering.carts set status = 'abandoned', checked_out_at = null
			where id = (select cart_id from ordering.orders where id = @sold)`},
		names: "select cart_id from ordering.orders where id = @sold",
	},
	"order_stock_moves": {
		plant: []string{`update catalog.stock_ledger set reference_id = 'lost'
			where reference_id = @sold::text and kind = 'commit' and product_id = @product`},
		names: "select @sold::uuid",
	},
	"order_line_states": {
		plant: []string{
			"update ordering.order_items set committed_qty = qty where order_id = @declined",
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
			select item_id, move.kind, move.on_hand * qty, move.reserved * qty, 'order', order_id::text
			from ordering.order_items, (values ('reserve', 0, 1), ('commit', -1, -1)) as move (kind, on_hand, reserved)
			where order_id = @declined`,
			`update catalog.stock set on_hand = on_hand - qty
			from ordering.order_items where order_id = @declined and item_id = product_id`,
		},
		names: "select @declined::uuid",
		also:  []string{"stock_days"},
	},
	"order_totals": {
		plant: []string{`update ordering.orders set subtotal = subtotal + 1, discount_amount = discount_amount + 1
			where id = @sold`},
		names: "select @sold::uuid",
	},
	"discount_uses": {
		plant: []string{
			"insert into ordering.discounts (id, code, kind, amount, uses) values (7, 'PLANTED', 'fixed', 1, 1)",
			"insert into ordering.discount_uses (order_id, discount_id, customer_id) values (@declined, 7, 1)",
		},
		names: "select 7::bigint",
	},
	"order_events": {
		plant: []string{"delete from ordering.order_events where order_id = @sold and type = 'order.confirmed'"},
		names: "select @sold::uuid",
	},
	"payment_attempts": {
		plant: []string{`delete from ordering.payment_attempts where operation = 'capture'
			and payment_id = (select id from ordering.payments where order_id = @sold)`},
		names: "select id from ordering.payments where order_id = @sold",
	},
	"payment_amounts": {
		plant: []string{"update ordering.payments set amount = amount + 1 where order_id = @declined"},
		names: "select @declined::uuid",
	},
	"payment_statuses": {
		plant: []string{"update ordering.orders set payment_status = 'failed' where id = @sold"},
		names: "select @sold::uuid",
	},
	"payment_statuses/of the payment": {
		plant: []string{
			"update ordering.payments set status = 'refunded' where order_id = @sold",
			"update ordering.orders set payment_status = 'refunded' where id = @sold",
		},
		names: "select @sold::uuid",
	},
	"shipment_money/captured": {
		plant: []string{"update ordering.payments set captured_amount = captured_amount - 1 where order_id = @sold"},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts", "payment_statuses"},
	},
	"shipment_money/released": {
		plant: []string{`update ordering.payments set captured_amount = captured_amount - 1, released_amount = 1
			where order_id = @sold`},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts", "refund_amounts"},
	},
	"given_up/of a parcel that has arrived": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, status, failure, shipping_amount, shipment_id)
			select gen_random_uuid(), order_id, 1, 'EUR', 'failed', 'planted', 1, id
			from ordering.shipments where order_id = @sold limit 1`},
		names: "select shipment_id from ordering.refunds where order_id = @sold",
	},
	"transfers/told": {
		plant: []string{"insert into ordering.bank_transfers (payment_id, received_amount) select id, captured_amount from ordering.payments where order_id = @sold"},
		names: "select @sold::uuid",
	},
	"transfers/taken": {
		plant: []string{
			"insert into ordering.bank_transfers (payment_id, received_amount) select id, 1 from ordering.payments where order_id = @sold",
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome)
			select id, 'receive', 'planted', 1, 'EUR', 'approved' from ordering.payments where order_id = @sold`,
		},
		names: "select @sold::uuid",
	},
	"transfers/kept": {
		plant: []string{
			"insert into ordering.bank_transfers (payment_id, received_amount) select id, captured_amount + 5 from ordering.payments where order_id = @sold",
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
			select id, 'receive', 'planted', captured_amount + 5, 'EUR', 'approved', now() - interval '1 day' from ordering.payments where order_id = @sold`,
			"update ordering.orders set confirmed_at = confirmed_at - interval '1 day' where id = @sold",
		},
		names: "select @sold::uuid",
		also:  []string{"within_limits"},
	},
	"returned_units/of a line": {
		plant: []string{
			`insert into ordering.returns (id, order_id, status, requested_by)
			values ('00000000-0000-7000-8000-000000000002', @sold, 'received', 'customer')`,
			`insert into ordering.return_items (return_id, order_item_id, vendor_id, qty, received_at, restocked)
			select '00000000-0000-7000-8000-000000000002', id, vendor_id, 1, now(), true
			from ordering.order_items where order_id = @sold and item_id = @product`,
		},
		names: "select @sold::uuid",
	},
	"returned_units/of the order": {
		plant: []string{
			"update ordering.orders set status = 'returned' where id = @sold",
			"insert into ordering.order_events (order_id, type) values (@sold, 'order.returned')",
		},
		names: "select @sold::uuid",
	},
	"refund_totals/lines": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, status, failure)
			values (gen_random_uuid(), @sold, 1, 'EUR', 'failed', 'planted')`},
		names: "select @sold::uuid",
	},
	"refund_totals/order": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount)
			values (gen_random_uuid(), @sold, 100000, 'EUR', 100000)`},
		names: "select @sold::uuid",
	},
	"refund_amounts": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, status, completed_at, shipping_amount)
			values (gen_random_uuid(), @sold, 1, 'EUR', 'completed', now(), 1)`},
		names: "select @sold::uuid",
	},
	"refund_amounts/released": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, status, completed_at, shipping_amount, kind)
			values (gen_random_uuid(), @sold, 1, 'EUR', 'completed', now(), 1, 'release')`},
		names: "select @sold::uuid",
	},
	"refund_lines/tax": {
		plant: []string{
			`insert into ordering.refunds (id, order_id, amount, currency)
			values ('00000000-0000-7000-8000-000000000001', @sold, 1000, 'EUR')`,
			`insert into ordering.refund_items (refund_id, order_item_id, qty, amount, tax_amount)
			select '00000000-0000-7000-8000-000000000001', id, 0, 0, 1000
			from ordering.order_items where order_id = @sold and item_id = @product`,
		},
		names: "select @sold::uuid",
		also:  []string{"refund_totals"},
	},
	"order_events/delivered": {
		plant: []string{"delete from ordering.order_events where order_id = @sold and type = 'order.delivered'"},
		names: "select @sold::uuid",
	},
	"idempotency_answers/refund": {
		plant: []string{`insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id)
			values ('planted', 'planted', 'refund', '', gen_random_uuid())`},
		names: "select order_id from ordering.idempotency_keys where key = 'planted'",
	},
	"idempotency_answers/stock": {
		plant: []string{`insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id, response_status, response, completed_at)
			values ('planted', 'planted', 'stock', '', gen_random_uuid(), 201, '{"id": 9000000000}', now())`},
		names: "select order_id from ordering.idempotency_keys where key = 'planted'",
	},
	"idempotency_answers/product": {
		plant: []string{`insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id)
			values ('planted', 'planted', 'product', '', gen_random_uuid())`},
		names: "select order_id from ordering.idempotency_keys where key = 'planted'",
	},
	"refund_lines": {
		plant: []string{
			`insert into ordering.refunds (id, order_id, amount, currency)
			values ('00000000-0000-7000-8000-000000000001', @sold, 1, 'EUR')`,
			`insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
			select '00000000-0000-7000-8000-000000000001', id, qty + 1, 1
			from ordering.order_items where order_id = @sold and item_id = @product`,
		},
		names: "select @sold::uuid",
	},
	"cancelled_orders": {
		plant: []string{
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome)
			select id, 'capture', 'planted', amount, currency, 'approved' from ordering.payments where order_id = @declined`,
			`update ordering.payments set status = 'completed', captured_amount = amount, updated_at = now() - interval '1 day'
			where order_id = @declined`,
			`update ordering.orders set payment_status = 'completed', updated_at = now() - interval '1 day' where id = @declined`,
		},
		names: "select @declined::uuid",
		also:  []string{"shipment_money"},
	},
	"shipment_lines": {
		plant: []string{`delete from ordering.shipment_items where order_item_id in (
			select id from ordering.order_items where order_id = @sold and item_id = @product)`},
		names: "select @sold::uuid",
	},
	"shipment_states": {
		plant: []string{"update ordering.orders set status = 'shipped' where id = @sold"},
		names: "select @sold::uuid",
		also:  []string{"order_events"},
	},
	"payment_outcomes": {
		plant: []string{`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
			select id, 'refund', 'planted', 1, 'EUR', 'unknown', now() - interval '1 day' from ordering.payments where order_id = @sold`},
		names: "select id from ordering.payments where order_id = @sold",
	},
	"idempotency_answers": {
		plant: []string{"update ordering.idempotency_keys set response_status = 402 where order_id = @sold"},
		names: "select @sold::uuid",
	},
	"within_limits": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount, created_at)
			values (gen_random_uuid(), @sold, 1, 'EUR', 1, now() - interval '2 days')`},
		names: "select @sold::uuid",
	},
}

// TestEveryCheckCatchesWhatItClaimsTo breaks the books of a shop in one way after the other, with
// the database's own guards off, and expects that check to tell, to name the row,
// and no other to but those that look at the same thing.
func TestEveryCheckCatchesWhatItClaimsTo(t *testing.T) {
	t.Parallel()
	checks, err := audit.Checks()
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(planted)
	maps.Copy(all, claims)
	if len(all) != len(planted)+len(claims) {
		t.Error("two plants have one name")
	}
	known, seen := map[string]bool{}, map[string]bool{}
	for _, check := range checks {
		known[check.Name] = true
	}
	for name := range all {
		check, _, _ := strings.Cut(name, "/")
		if seen[check] = true; !known[check] {
			t.Errorf("there is no check %s", check)
		}
	}
	for check := range known {
		if !seen[check] {
			t.Errorf("nobody has seen the check %s fail: plant what it claims to catch", check)
		}
	}

	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	buyer := shop.NewBuyer()
	buyer.Put(products[0], 2).Want(http.StatusOK)
	buyer.Put(products[1], 1).Want(http.StatusOK)
	sold := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
	shop.AwaitStatus(sold, order.Delivered)
	other := shop.NewBuyer()
	cart := apitest.Decode[order.Cart](other.Put(products[1], 3).Want(http.StatusOK)).ID
	other.Buy("decline").WantProblem(http.StatusPaymentRequired, "payment_declined")
	declined := apitest.Decode[struct{ Items []order.Document }](other.Get("/api/orders").Want(http.StatusOK)).Items[0].ID
	names := pgx.NamedArgs{"sold": sold, "declined": declined, "cart": *cart, "product": products[0]}

	found, _ := examine(t, shop, nil, "select null::text", names)
	if len(found) > 0 {
		t.Fatalf("the shop is not clean before anything is planted: %v", found)
	}
	for name, p := range all {
		t.Run(name, func(t *testing.T) {
			check, _, _ := strings.Cut(name, "/")
			found, subject := examine(t, shop, p.plant, p.names, names)
			want := append([]string{check}, p.also...)
			slices.Sort(want)
			if told := slices.Sorted(maps.Keys(found)); !slices.Equal(told, want) {
				t.Fatalf("found %v, want %v and nothing else", found, want)
			}
			if !slices.Contains(found[check], subject) {
				t.Errorf("it names %q, want %q", found[check], subject)
			}
		})
	}
}

// examine plants, looks, and takes everything back. found is the subjects that were named, by check.
func examine(t *testing.T, shop *workertest.Shop, plant []string, names string, args pgx.NamedArgs) (found map[string][]string, subject string) {
	t.Helper()
	tx, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "set local session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range plant {
		done, err := tx.Exec(t.Context(), statement, args)
		if err != nil {
			t.Fatal(err)
		}
		if done.RowsAffected() == 0 {
			t.Fatalf("nothing was planted by %s", statement)
		}
	}
	var named any
	if err := tx.QueryRow(t.Context(), names, args).Scan(&named); err != nil {
		t.Fatal(err)
	}
	if id, is := named.([16]byte); is {
		named = uuid.UUID(id)
	}
	report, err := audit.Examine(t.Context(), tx, limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	found = map[string][]string{}
	for _, result := range report.Results {
		for _, difference := range result.Found {
			found[result.Name] = append(found[result.Name], difference.SubjectID)
		}
	}
	return found, fmt.Sprint(named)
}

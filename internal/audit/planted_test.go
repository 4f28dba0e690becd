package audit_test

import (
	"fmt"
	"net/http"
	"slices"
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

// planted says, for every check, how to break what it proves, and what it must then name. The
// statements may use @sold, a delivered order; @declined, one that was cancelled; @cart, one that
// holds stock; and @product, the one that @sold sold.
var planted = map[string]struct {
	plant []string
	names string // a query of the subject that is to be found
}{
	"stock_balances": {
		plant: []string{"update catalog.stock set on_hand = on_hand + 1 where product_id = @product"},
		names: "select @product::bigint",
	},
	"stock_reservations": {
		plant: []string{
			"update catalog.stock set reserved = reserved + 1 where product_id = @product",
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			values (@product, 'reserve', 0, 1, 'inventory')`,
		},
		names: "select @product::bigint",
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
	"refund_amounts": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, status, completed_at)
			values (gen_random_uuid(), @sold, 1, 'EUR', 'completed', now())`},
		names: "select @sold::uuid",
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
	},
	"shipment_lines": {
		plant: []string{`delete from ordering.shipment_items where order_item_id in (
			select id from ordering.order_items where order_id = @sold and item_id = @product)`},
		names: "select @sold::uuid",
	},
	"shipment_states": {
		plant: []string{"update ordering.orders set status = 'shipped' where id = @sold"},
		names: "select @sold::uuid",
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
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, created_at)
			values (gen_random_uuid(), @sold, 1, 'EUR', now() - interval '2 days')`},
		names: "select @sold::uuid",
	},
}

// TestEveryCheckCatchesWhatItClaimsTo breaks the books of a shop in one way after the other, with
// the database's own guards off, and expects exactly the one check to tell, and to name the row.
func TestEveryCheckCatchesWhatItClaimsTo(t *testing.T) {
	t.Parallel()
	checks, err := audit.Checks()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, check := range checks {
		known[check.Name] = true
		if _, is := planted[check.Name]; !is {
			t.Errorf("nobody has seen the check %s fail: plant what it claims to catch", check.Name)
		}
	}
	for name := range planted {
		if !known[name] {
			t.Errorf("there is no check %s", name)
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
	for name, p := range planted {
		if !known[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			found, subject := examine(t, shop, p.plant, p.names, names)
			if len(found) != 1 || len(found[name]) == 0 {
				t.Fatalf("found %v, want %s and nothing else", found, name)
			}
			if !slices.Contains(found[name], subject) {
				t.Errorf("it names %q, want %q", found[name], subject)
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

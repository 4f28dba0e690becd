package store_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"mercado/internal/store"
)

// brokenGuards are faults of the functions of stock, each as what one of them says instead of something.
var brokenGuards = []struct{ name, function, says, instead string }{
	{"what expired is not free", "catalog.move_stock", "perform catalog.release_holds(refused.product_ids);", ""},
	{
		"what is held is reserved once more", "catalog.reserve_held", "if others.product_ids is not null then",
		"perform catalog.move_stock('reserve', p_product_ids, p_quantities, 'order', ''); if others.product_ids is not null then",
	},
	{"what is taken out of a cart is not free", "ordering.drop_cart_items", "perform catalog.release_holds(dropped, cart.id);", ""},
	{
		"what is cancelled does not all come back", "ordering.cancel_order", "'release', products, quantities,",
		"'release', products, array_fill(1::bigint, array[cardinality(products)]),",
	},
	{
		"an order without what it needs", "catalog.reserve_held", "'reserve', others.product_ids, others.quantities,",
		"'reserve', others.product_ids, array_fill(0::bigint, array[cardinality(others.quantities)]),",
	},
}

// TestBuyersTellOfBrokenGuards is the control of TestBuyersReserveAndReleaseLinearizably: each fault is seen, by
// what buyers are told or by the database's own checks.
func TestBuyersTellOfBrokenGuards(t *testing.T) {
	t.Parallel()
	naive, err := os.ReadFile("testdata/naive_stock.sql")
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]func(*store.DB){"stock that is read and then written": func(db *store.DB) { exec(t, db.Pool, string(naive)) }}
	for _, broken := range brokenGuards {
		changes[broken.name] = func(db *store.DB) {
			var body string
			if err := db.Pool.QueryRow(t.Context(), "select pg_get_functiondef($1::regproc)", broken.function).Scan(&body); err != nil {
				t.Fatal(err)
			}
			faulty := strings.ReplaceAll(body, broken.says, broken.instead)
			if faulty == body {
				t.Fatalf("%s does not say %q", broken.function, broken.says)
			}
			exec(t, db.Pool, faulty)
		}
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			for range 5 { // what buyers do is left to chance, and may not come to it
				told, err := buyAndRelease(t, change)
				if err != nil || porcupine.CheckOperationsTimeout(shelf, told, 5*time.Minute) == porcupine.Illegal {
					return
				}
			}
			t.Error("it passes: the check is no test")
		})
	}
}

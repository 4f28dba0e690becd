package store_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/store"
)

// TestReserveAndReleaseAreLinearizable has clients reserve and release one product at the same
// time. What they were told must be what they would have been told one after the other, in some
// order that agrees with the clock.
func TestReserveAndReleaseAreLinearizable(t *testing.T) {
	t.Parallel()
	told := reserveAndRelease(t, "")
	if porcupine.CheckOperationsTimeout(counter, told, 5*time.Minute) != porcupine.Ok {
		t.Error("no order of the operations explains what the clients were told")
	}
}

// TestNaiveStockIsNotLinearizable is the control of the test before.
func TestNaiveStockIsNotLinearizable(t *testing.T) {
	t.Parallel()
	naive, err := os.ReadFile("testdata/naive_stock.sql")
	if err != nil {
		t.Fatal(err)
	}
	told := reserveAndRelease(t, string(naive))
	if porcupine.CheckOperationsTimeout(counter, told, 5*time.Minute) != porcupine.Illegal {
		t.Error("stock that is read and then written passes: the check is no test")
	}
}

// stockMove is what a client asks: a quantity to be reserved, or with a minus to be released.
type stockMove int64

// capacity is how many units there are.
const capacity = 10

// counter is a stock of which one client is served at a time. Its state is what is reserved.
var counter = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		reserved, qty := state.(int64), int64(input.(stockMove))
		fits := reserved+qty <= capacity
		if output.(bool) != fits {
			return false, state
		}
		if fits {
			reserved += qty
		}
		return true, reserved
	},
}

// reserveAndRelease has clients move one product's stock, after a change to the database, and
// returns what they asked and were told. Each releases only what it has.
func reserveAndRelease(t *testing.T, change string) []porcupine.Operation {
	t.Helper()
	const clients, moves = 8, 40
	db := open(t)
	if _, err := db.Pool.Exec(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	product := anvil(t, db, capacity)
	told := make([]porcupine.Operation, clients*moves)
	var all sync.WaitGroup
	began := time.Now()
	for client := range clients {
		all.Go(func() {
			var mine int64
			for i := range moves {
				kind, qty := "reserve", 1+rand.Int64N(4)
				input := stockMove(qty)
				if mine > 0 && rand.IntN(2) == 0 {
					kind, qty = "release", min(qty, mine)
					input = stockMove(-qty)
				}
				operation := porcupine.Operation{ClientId: client, Input: input, Call: int64(time.Since(began))}
				_, err := db.Pool.Exec(t.Context(), "select catalog.move_stock($1, array[$2]::bigint[], array[$3]::bigint[], 'inventory', $4)",
					kind, product, qty, strconv.Itoa(client))
				operation.Return = int64(time.Since(began))
				var refused *pgconn.PgError
				if err != nil && (!errors.As(err, &refused) || refused.Code != "MC001") {
					t.Errorf("%s %d: %v", kind, qty, err)
				}
				operation.Output = err == nil
				if err == nil {
					mine += int64(input)
				}
				told[client*moves+i] = operation
			}
		})
	}
	all.Wait()
	return told
}

// anvil adds a product of which so many are on the shelf.
func anvil(t *testing.T, db *store.DB, onHand int64) (product int64) {
	t.Helper()
	if err := db.Pool.QueryRow(t.Context(), `
		with vendor as (insert into catalog.vendors (vendor_name, region) values ('Acme', 'PT') returning id),
		category as (insert into catalog.categories (name) values ('Anvils') returning id),
		product as (
			insert into catalog.products (vendor_id, category_id, item_name, price, cost)
			select vendor.id, category.id, 'Anvil', 1, 1 from vendor, category
			returning id
		),
		balance as (insert into catalog.stock (product_id, on_hand) select id, $1 from product)
		select id from product`, onHand).Scan(&product); err != nil {
		t.Fatal(err)
	}
	return product
}

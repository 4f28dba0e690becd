package store_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/internal/store"
)

// TestStockAddsUpWhateverRunsAtOnce has customers fill, change, empty and buy their carts at
// random, with holds that last a moment: whatever the database refuses, it refuses for a reason it
// names, never for a deadlock, and the books balance at the end.
func TestStockAddsUpWhateverRunsAtOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	const customers, products, steps = 8, 4, 40
	exec(t, db.Pool, `
		with vendor as (insert into catalog.vendors (vendor_name, region) values ('Vendor', 'PT') returning id),
		category as (insert into catalog.categories (name) values ('Category') returning id),
		product as (
			insert into catalog.products (vendor_id, item_name, category_id, price, cost)
			select vendor.id, 'Product ' || n, category.id, n, 0 from vendor, category, generate_series(1, $1::int) as n
			returning id
		),
		ledger as (
			insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			select id, 'initial', 100, 0, 'inventory' from product
		)
		insert into catalog.stock (product_id, on_hand) select id, 100 from product`, products)
	exec(t, db.Pool, `
		insert into identity.customers (first_name, last_name, email)
		select 'Ana', 'Sousa', n || '@example.com' from generate_series(1, $1::int) as n`, customers)

	var shopping sync.WaitGroup
	for customer := int64(1); customer <= customers; customer++ {
		for range 2 { // at two desks at once
			random := rand.New(rand.NewPCG(uint64(customer), rand.Uint64()))
			shopping.Go(func() {
				for range steps {
					if err := shop(t, db, customer, random, products); err != nil && !expected(err) {
						t.Errorf("customer %d: %v", customer, err)
						return
					}
				}
			})
		}
	}
	shopping.Wait()
	for what, query := range map[string]string{
		"the ledger is not the balance": `
			select count(*)
			from catalog.stock
			inner join (
				select product_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
				from catalog.stock_ledger group by product_id
			) as ledger using (product_id)
			where stock.on_hand <> ledger.on_hand or stock.reserved <> ledger.reserved`,
		"what is reserved is not held by carts and orders": `
			select count(*)
			from catalog.stock
			where reserved
				<> (select coalesce(sum(qty), 0) from catalog.holds where product_id = stock.product_id)
				+ (select coalesce(sum(reserved_qty), 0) from ordering.order_items where item_id = stock.product_id)`,
		"what left the shelf was not sold": `
			select count(*)
			from catalog.stock
			where 100 - on_hand
				<> (select coalesce(sum(committed_qty), 0) from ordering.order_items where item_id = stock.product_id)`,
		"a reference of the ledger is owed something": `
			select count(*)
			from (
				select reference_type, reference_id, product_id, sum(reserved_delta) as reserved
				from catalog.stock_ledger group by 1, 2, 3
			) as owed
			where reserved <> case reference_type
				when 'cart' then coalesce((
					select qty from catalog.holds
					where cart_id = reference_id::uuid and holds.product_id = owed.product_id
				), 0)
				when 'order' then coalesce((
					select sum(reserved_qty) from ordering.order_items
					where order_id = reference_id::uuid and item_id = owed.product_id
				), 0)
				else 0
			end`,
	} {
		var wrong int
		if err := db.Pool.QueryRow(t.Context(), query).Scan(&wrong); err != nil || wrong != 0 {
			t.Errorf("%s: %d, %v", what, wrong, err)
		}
	}
	var sold int
	if err := db.Pool.QueryRow(t.Context(), "select count(*) from ordering.orders where status = 'confirmed'").Scan(&sold); err != nil || sold == 0 {
		t.Errorf("nothing was sold: the test shows nothing (%v)", err)
	}
}

// shop takes one step at random.
func shop(t *testing.T, db *store.DB, customer int64, random *rand.Rand, products int64) error {
	ctx := t.Context()
	item := 1 + random.Int64N(products)
	switch what := random.IntN(10); {
	case what < 5:
		ttl := time.Duration(random.IntN(20)) * time.Millisecond
		_, err := db.PutCartItem(ctx, customer, item, 1+random.Int64N(8), ttl)
		return err
	case what < 6:
		_, err := db.DropCartItem(ctx, customer, item)
		return err
	case what < 7:
		_, err := db.EmptyCart(ctx, customer)
		return err
	}
	for _, item := range random.Perm(int(products)) { // many products: locks are taken in some order
		if _, err := db.PutCartItem(ctx, customer, int64(item)+1, 1, time.Minute); err != nil && !expected(err) {
			return err
		}
	}
	id := uuid.New()
	earlier, err := db.PlaceOrder(ctx, store.Checkout{
		OrderID: id, PaymentID: uuid.New(), CustomerID: customer, Key: id.String(), RequestHash: []byte{1},
		PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
		ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
	})
	if err != nil || earlier != nil {
		return err
	}
	cancel := store.Cancellation{
		OrderID: id, Reason: order.PaymentDeclined, Holds: 5 * time.Millisecond, Status: 402, Answer: struct{}{},
	}
	if _, refused := db.ReserveOrder(ctx, id); refused != nil {
		if _, err := db.CancelOrder(ctx, cancel); err != nil {
			return err
		}
		return refused
	}
	if random.IntN(3) == 0 {
		_, err := db.CancelOrder(ctx, cancel)
		return err
	}
	if _, err := db.ConfirmOrder(ctx, id); err != nil {
		return err
	}
	_, err = db.ConfirmOrder(ctx, id) // asked twice
	return err
}

func expected(err error) bool {
	for _, refusal := range []error{store.ErrShortage, store.ErrCartEmpty, store.ErrCheckoutInProgress} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

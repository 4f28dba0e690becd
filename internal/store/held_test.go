package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/order"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// TestHeldUnitsAreReservedWithoutTheirBalance reserves what a cart holds while somebody else has the balance
// and the day of it locked, as every move of stock does. What is not held for sure waits for it.
func TestHeldUnitsAreReservedWithoutTheirBalance(t *testing.T) {
	t.Parallel()
	patient := open(t)
	exec(t, patient.Pool, `
		with vendor as (insert into catalog.vendors (vendor_name, region) values ('Vendor', 'PT') returning id),
		category as (insert into catalog.categories (name) values ('Category') returning id),
		product as (
			insert into catalog.products (vendor_id, item_name, category_id, price, cost)
			select vendor.id, 'Product ' || n, category.id, n, 0 from vendor, category, generate_series(1, 2) as n returning id
		)
		insert into catalog.stock (product_id, on_hand) select id, 10 from product`)
	exec(t, patient.Pool, "insert into identity.customers (first_name, last_name, email) select 'Ana', 'Sousa', n || '@example.com' from generate_series(1, 3) as n")
	db, err := store.OpenForRequests(t.Context(), settings.Database{URL: patient.Pool.Config().ConnString(), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	placed := func(customer int64, ttl time.Duration) uuid.UUID {
		for item := range int64(2) {
			if _, err := db.PutCartItem(t.Context(), customer, item+1, 2, ttl); err != nil {
				t.Fatal(err)
			}
		}
		id := uuid.New()
		if _, err := db.PlaceOrder(t.Context(), store.Checkout{
			OrderID: id, PaymentID: uuid.New(), CustomerID: customer, Key: id.String(), RequestHash: []byte{1},
			PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
			ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
		}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	held, ending, changed := placed(1, time.Hour), placed(2, time.Second), placed(3, time.Hour)
	exec(t, patient.Pool, "delete from catalog.holds where product_id = 1 and cart_id = (select cart_id from ordering.orders where id = $1)", changed)

	locker, err := patient.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locker.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := locker.Exec(t.Context(), "select catalog.move_stock('restock', array[1, 2], array[1, 1], 'inventory', 'a lorry')"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ReserveOrder(t.Context(), held); err != nil {
		t.Errorf("held units were not reserved: %v", err)
	}
	for what, id := range map[string]uuid.UUID{"of holds that end": ending, "of a hold that is gone": changed} {
		const lockNotToBeHad = "55P03"
		var refused *pgconn.PgError
		if _, err := db.ReserveOrder(t.Context(), id); !errors.As(err, &refused) || refused.Code != lockNotToBeHad {
			t.Errorf("units %s were reserved without the balance: %v", what, err)
		}
	}
	if err := locker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sale, err := db.ConfirmOrder(t.Context(), held); err != nil || !sale.Sold {
		t.Errorf("confirm: %t, %v", sale.Sold, err)
	}
	var onHand, reserved, owed int
	if err := db.Pool.QueryRow(t.Context(), `
		select
			on_hand, reserved,
			(select sum(reserved_delta) from catalog.stock_ledger where product_id = 2)
		from catalog.stock where product_id = 2`).Scan(&onHand, &reserved, &owed); err != nil {
		t.Fatal(err)
	}
	// Of three carts with two units each, one is sold.
	if onHand != 8 || reserved != 4 || owed != 4 {
		t.Errorf("on hand %d, reserved %d, by the ledger %d, want 8, 4 and 4", onHand, reserved, owed)
	}
}

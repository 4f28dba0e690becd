package store_test

import (
	"testing"
	"time"
)

// TestHoldDoesNotExpireWhileMoreIsTaken has a cart want more of what it holds while too little is free, and its
// hold end while what others have let expire is released: what it was counted with must not be released as well.
func TestHoldDoesNotExpireWhileMoreIsTaken(t *testing.T) {
	t.Parallel()
	db := open(t)
	product := anvil(t, db, 3)
	exec(t, db.Pool, "insert into identity.customers (id, first_name, last_name, email) values (1, 'Ana', 'Sousa', 'a@example.com'), (2, 'Rui', 'Sousa', 'b@example.com')")
	if _, err := db.PutCartItem(t.Context(), 1, product, 1, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := db.PutCartItem(t.Context(), 2, product, 2, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	// What the first has let expire cannot be released yet.
	holding, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, holding, "select from catalog.holds where qty = 1 for update")
	put := make(chan error, 1)
	go func() {
		_, err := db.PutCartItem(t.Context(), 2, product, 3, time.Hour)
		put <- err
	}()
	await(t, db, `
		select bool_and(expires_at <= clock_timestamp()) and exists (
			select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
		)
		from catalog.holds`)
	if err := holding.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-put; err != nil {
		t.Fatal(err)
	}
	var reserved, held int64
	if err := db.Pool.QueryRow(t.Context(), "select reserved, (select sum(qty) from catalog.holds) from catalog.stock").Scan(&reserved, &held); err != nil {
		t.Fatal(err)
	}
	if reserved != 3 || held != 3 {
		t.Errorf("%d units are held, and %d reserved", held, reserved)
	}
}

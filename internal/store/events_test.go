package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

const reader = "test"

// TestEventsThatCommitLateAreReadOnceAndStrangersAreNotWaitedFor keeps writers open over several
// readings, in and out of order.
func TestEventsThatCommitLateAreReadOnceAndStrangersAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	db := open(t)
	since, err := db.StartReader(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	read := func() []uuid.UUID {
		t.Helper()
		found, err := db.ConfirmedSince(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		since = found.Snapshot
		return found.Orders
	}
	want := func(what string, orders ...uuid.UUID) {
		t.Helper()
		if got := read(); !slices.Equal(got, orders) {
			t.Errorf("%s: read %v, want %v", what, got, orders)
		}
	}

	// A stranger who writes something else and stays open to the end.
	stranger := begin(t, db)
	exec(t, stranger, "insert into catalog.vendors (vendor_name, region) values ('Stranger', 'PT')")
	want("nothing happened")

	first := confirm(t, db.Pool)
	want("while a stranger is open", first)
	want("once")

	// A writer whose event has the lower id commits after one with a higher id has been read.
	late := begin(t, db)
	lateOrder := confirm(t, late)
	quick := confirm(t, db.Pool)
	want("while another writer is open", quick)
	want("that writer has not committed")
	commit(t, late)
	want("late, with a lower id", lateOrder)
	want("only once")

	// Open over several readings, and in a subtransaction.
	slow := begin(t, db)
	exec(t, slow, "savepoint inner_one")
	slowOrder := confirm(t, slow)
	exec(t, slow, "release savepoint inner_one")
	want("not yet")
	second := confirm(t, db.Pool)
	want("past the slow one", second)
	want("not yet still")
	commit(t, slow)
	third := confirm(t, db.Pool)
	want("both", slowOrder, third)

	// What was rolled back is never read.
	undone := begin(t, db)
	confirm(t, undone)
	want("not committed")
	if err := undone.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("rolled back")
	commit(t, stranger)
	want("the stranger had nothing to say")
}

func TestMarkOfAnotherDatabaseSystemBeginsAnew(t *testing.T) {
	t.Parallel()
	db := open(t)
	if _, err := db.StartReader(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	before := confirm(t, db.Pool)
	found, err := db.ConfirmedSince(t.Context(), "1:1:")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.MarkReader(t.Context(), shopdb.MarkReaderParams{Reader: reader, Snapshot: found.Snapshot}); err != nil {
		t.Fatal(err)
	}
	again := func() []uuid.UUID {
		t.Helper()
		since, err := db.StartReader(t.Context(), reader)
		if err != nil {
			t.Fatal(err)
		}
		found, err := db.ConfirmedSince(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		return found.Orders
	}
	if orders := again(); len(orders) != 0 {
		t.Errorf("a mark that was kept is forgotten: %v", orders)
	}
	// A copy of the database in another system: its transactions are counted anew.
	exec(t, db.Pool, "update ordering.event_readers set system_id = system_id + 1")
	if orders := again(); !slices.Equal(orders, []uuid.UUID{before}) {
		t.Errorf("read %v, want everything again", orders)
	}
}

func TestOneReaderAtATime(t *testing.T) {
	t.Parallel()
	db := open(t)
	holder, err := pgx.ConnectConfig(t.Context(), db.Pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	if err := shopdb.New(holder).HoldReader(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	next := make(chan error, 1)
	go func() { next <- db.HoldReader(context.WithoutCancel(t.Context()), reader) }()
	await(t, db, "select count(*) = 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())")
	if err := holder.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-next; err != nil {
		t.Error(err)
	}
}

// executor is a pool or a transaction.
type executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

func exec(t *testing.T, by executor, sql string, arguments ...any) {
	t.Helper()
	if _, err := by.Exec(t.Context(), sql, arguments...); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, db *store.DB) pgx.Tx {
	t.Helper()
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx
}

func commit(t *testing.T, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// confirm writes a confirmed order and its event.
func confirm(t *testing.T, by executor) uuid.UUID {
	t.Helper()
	id := uuid.New()
	exec(t, by, `
		insert into ordering.orders (id, customer_id, status, payment_method, subtotal, total_amount)
		values ($1, 1, 'confirmed', 'card', 1, 1)`, id)
	exec(t, by, "insert into ordering.order_events (order_id, type) values ($1, 'order.confirmed')", id)
	return id
}

// await waits until a query is true.
func await(t *testing.T, db *store.DB, query string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for done := false; !done; {
		if err := db.Pool.QueryRow(t.Context(), query).Scan(&done); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", query)
		}
	}
}

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), stacktest.New(t).Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

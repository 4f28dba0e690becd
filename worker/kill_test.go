package worker_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// Between payment and confirmation there are two points to be killed at: before the provider's
// answer is known, and after; a third lies between a capture and its record. Wherever it is, the order ends confirmed and is charged once, by
// the provider's own count.

func TestKilledBeforeTheAnswerOfTheProvider(t *testing.T) {
	t.Parallel()
	shop, speak := silentProcesses(t, "MERCADO_SANDBOX_PAYMENT_WEBHOOK_URL=http://127.0.0.1:1/nobody") // which would tell meanwhile
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 3).Want(http.StatusOK)
	placed := placeAsync(t, buyer, "approve")

	// The provider has the money, and the shop does not know.
	workertest.Await(t, "the provider to authorise", func() bool {
		return workertest.AskCharges(t, shop.Sandbox, placed).Counts.Authorizations == 1
	})
	wantState(t, shop, placed, "pending", "pending")
	shop.Kill("api", "worker")
	wantState(t, shop, placed, "pending", "pending")

	speak()
	shop.Start("api", "worker")
	endsWell(t, shop, placed, product)
}

func TestKilledBetweenTheAnswerAndTheConfirmation(t *testing.T) {
	t.Parallel()
	shop, speak := silentProcesses(t) // only its webhook tells what it has done
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 3).Want(http.StatusOK)
	release := waitAt(t, shop, "before update of status on ordering.orders for each row when (new.status = 'confirmed')")
	placed := placeAsync(t, buyer, "approve")
	workertest.Await(t, "the confirmation to wait for the test", func() bool {
		return waiting(t, shop, "select pid", "confirm_order") > 0
	})
	wantState(t, shop, placed, "pending", "authorized")
	shop.Kill("api", "worker")
	// Postgres still works for the dead: it would confirm as soon as it can.
	waiting(t, shop, "select pg_terminate_backend(pid)", "confirm_order")
	workertest.Await(t, "nobody to wait for the test", func() bool { return waiting(t, shop, "select pid", "confirm_order") == 0 })
	release()
	wantState(t, shop, placed, "pending", "authorized")

	speak()
	shop.Start("api", "worker")
	endsWell(t, shop, placed, product)
}

func TestKilledBetweenACaptureAndItsRecord(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t, "MERCADO_PACK_AFTER=10s")
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 3).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID

	// While the vendor packs, the test takes the payment's row: the record of the capture waits for it.
	release := lock(t, shop, "select 1 from ordering.payments where order_id = $1 for no key update", placed)
	workertest.Await(t, "the provider to capture", func() bool {
		return workertest.AskCharges(t, shop.Sandbox, placed).Counts.Captures == 1
	})
	wantState(t, shop, placed, "confirmed", "authorized")
	shop.Kill("api", "worker")
	workertest.Await(t, "nobody to wait for the payment", func() bool {
		waiting(t, shop, "select pg_terminate_backend(pid)", "payment")
		return waiting(t, shop, "select pid", "payment") == 0
	})
	release()
	wantState(t, shop, placed, "confirmed", "authorized")

	shop.Start("api", "worker")
	endsWell(t, shop, placed, product)
}

// silentProcesses is a shop whose provider does what it is asked, and answers nothing until it is to speak.
func silentProcesses(t *testing.T, settings ...string) (shop *workertest.Processes, speak func()) {
	t.Helper()
	var way gate
	speak = way.mute(t)
	shop = workertest.NewProcesses(t, append(settings, "MERCADO_PAYMENT_URL=http://"+way.open(t))...)
	way.to(strings.TrimPrefix(shop.Sandbox, "http://"))
	return shop, speak
}

func placeAsync(t *testing.T, buyer *workertest.Buyer, token string) uuid.UUID {
	t.Helper()
	return apitest.Decode[order.Document](buyer.Buy(token, "Prefer", "respond-async").Want(http.StatusAccepted)).ID
}

func endsWell(t *testing.T, shop *workertest.Processes, placed uuid.UUID, product int64) {
	t.Helper()
	operator := shop.Client("--role", "admin")
	var delivered order.Document
	workertest.Await(t, "the order to be delivered", func() bool {
		delivered = apitest.Decode[order.Document](operator.Get("/api/orders/" + placed.String()).Want(http.StatusOK))
		return delivered.Status == order.Delivered
	})
	charges := workertest.AskCharges(t, shop.Sandbox, placed)
	if charges.Counts.Authorizations != 1 || charges.Counts.Captures != 1 || charges.Captured != delivered.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	if stock := workertest.StockOf(t, shop.DB, product); stock.OnHand != 7 || stock.Reserved != 0 {
		t.Errorf("stock: %+v", stock)
	}
	var confirmations int
	err := shop.DB.Pool.QueryRow(t.Context(),
		"select count(*) from ordering.order_events where order_id = $1 and type = 'order.confirmed'", placed).Scan(&confirmations)
	if err != nil || confirmations != 1 {
		t.Errorf("confirmed %d times, %v", confirmations, err)
	}
}

func wantState(t *testing.T, shop *workertest.Processes, placed uuid.UUID, status, payment string) {
	t.Helper()
	var gotStatus, gotPayment string
	err := shop.DB.Pool.QueryRow(t.Context(), `
		select orders.status, payments.status
		from ordering.orders
		inner join ordering.payments on payments.order_id = orders.id
		where orders.id = $1`, placed).Scan(&gotStatus, &gotPayment)
	if err != nil || gotStatus != status || gotPayment != payment {
		t.Fatalf("the order is %s and its payment %s, %v; want %s and %s", gotStatus, gotPayment, err, status, payment)
	}
}

// lock takes the row that a query locks until release is called.
func lock(t *testing.T, shop *workertest.Processes, query string, id any) (release func()) {
	t.Helper()
	tx, err := shop.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	end := func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }
	t.Cleanup(end)
	if _, err := tx.Exec(t.Context(), query, id); err != nil {
		t.Fatal(err)
	}
	return end
}

// waitAt has whatever fires a trigger wait until release is called.
func waitAt(t *testing.T, shop *workertest.Processes, trigger string) (release func()) {
	t.Helper()
	release = lock(t, shop, "select pg_advisory_xact_lock($1)", 1)
	for _, statement := range []string{
		`create function wait_for_the_test() returns trigger language plpgsql as $$
		begin perform pg_advisory_xact_lock_shared(1); return new; end $$`,
		"create trigger wait_for_the_test " + trigger + " execute function wait_for_the_test()",
	} {
		if _, err := shop.DB.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return release
}

// waiting counts the connections that wait for a row in a function, and does something to each.
func waiting(t *testing.T, shop *workertest.Processes, do, function string) int {
	t.Helper()
	rows, err := shop.DB.Pool.Query(t.Context(), do+` from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock' and query like '%' || $1::text || '%' and pid <> pg_backend_pid()`, function)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, func(pgx.CollectableRow) (struct{}, error) { return struct{}{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

package audit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/audit"
	"mercado/internal/order"
	"mercado/internal/settings"
	"mercado/worker/workertest"
)

// apart has no two limits that are the same: which one counts can be told.
var apart = settings.Limits{
	Pending: 10 * time.Hour, Transfer: 20 * time.Hour, Confirmed: 30 * time.Hour, Shipped: 40 * time.Hour,
	Refund: 50 * time.Hour, Payment: 60 * time.Hour, Webhook: 70 * time.Hour, Import: 80 * time.Hour,
}

// wait is something that is not over.
type wait struct {
	name  string
	plant []string // by statements that may use what planted's do, and @since
	kind  string
	id    string // a query of what waits, where it is not an order
	of    string // @sold or @declined, whose wait it is
	what  string // is waited for
	limit time.Duration
}

const (
	noShipments = `delete from ordering.shipment_items where shipment_id in (select id from ordering.shipments where order_id = @sold)`
	waiting     = "00000000-0000-7000-8000-000000000009"
)

// shipmentWaits has the first shipment of @sold, which is otherwise over, wait in a state since the last of some
// moments of it.
func shipmentWaits(state, orderState string, moments ...string) []string {
	set := ""
	for i, moment := range moments {
		if i < len(moments)-1 {
			set += ", " + moment + " = @since::timestamptz - interval '1 day'"
		} else {
			set += ", " + moment + " = @since::timestamptz"
		}
	}
	for _, never := range []string{"packed_at", "released_at", "shipped_at", "delivered_at"} {
		if !slices.Contains(moments, never) {
			set += ", " + never + " = null"
		}
	}
	return []string{
		"update ordering.orders set status = '" + orderState + "' where id = @sold",
		"update ordering.shipments set status = '" + state + "'" + set + " where id = (select min(id::text)::uuid from ordering.shipments where order_id = @sold)",
	}
}

// ofTheFirst is the shipment that shipmentWaits is about.
const ofTheFirst = "select min(id::text) from ordering.shipments where order_id = @sold"

// waits has everything that an audit says may wait, once for each thing that is waited for.
var waits = []wait{
	{
		name: "a checkout", plant: []string{"update ordering.orders set status = 'pending', created_at = @since::timestamptz where id = @sold"},
		kind: "order", of: "sold", what: "its checkout", limit: apart.Pending,
	},
	{
		name: "a transfer", plant: []string{"update ordering.orders set status = 'pending', payment_method = 'bank_transfer', created_at = @since::timestamptz where id = @sold"},
		kind: "transfer", of: "sold", what: "the bank transfer", limit: apart.Transfer,
	},
	{
		name: "a sale without shipments",
		plant: []string{
			noShipments, "delete from ordering.shipments where order_id = @sold",
			"update ordering.orders set status = 'confirmed', created_at = @since::timestamptz - interval '1 day', confirmed_at = @since::timestamptz where id = @sold",
		},
		kind: "order", of: "sold", what: "its shipments", limit: apart.Pending,
	},
	{
		name: "a shipment", plant: shipmentWaits("pending", "confirmed", "created_at"),
		kind: "shipment", id: ofTheFirst, of: "sold", what: "the vendor to pack it", limit: apart.Confirmed,
	},
	{
		name: "a parcel that is packed", plant: shipmentWaits("packed", "confirmed", "created_at", "packed_at"),
		kind: "shipment", id: ofTheFirst, of: "sold", what: "its label, and its vendor to send it off", limit: apart.Confirmed,
	},
	{
		name: "a parcel that may go", plant: shipmentWaits("released", "confirmed", "created_at", "packed_at", "released_at"),
		kind: "shipment", id: ofTheFirst, of: "sold", what: "its payment", limit: apart.Payment,
	},
	{
		name: "a parcel on its way", plant: shipmentWaits("shipped", "shipped", "created_at", "packed_at", "released_at", "shipped_at"),
		kind: "delivery", id: ofTheFirst, of: "sold", what: "the carrier to deliver it", limit: apart.Shipped,
	},
	{
		name: "a refund",
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount, created_at)
			values ('` + waiting + `', @sold, 1, 'EUR', 1, @since::timestamptz)`},
		kind: "refund", id: "select '" + waiting + "'", of: "sold", what: "the payment provider to pay it back", limit: apart.Refund,
	},
	{
		name: "a refund that has failed",
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount, status, failure, created_at, updated_at)
			values ('` + waiting + `', @sold, 1, 'EUR', 1, 'failed', 'planted', @since::timestamptz - interval '1 day', @since::timestamptz)`},
		kind: "refund", id: "select '" + waiting + "'", of: "sold", what: "somebody to ask for it again, or to give it back in another way", limit: apart.Refund,
	},
	{
		name: "money set aside that nobody asked the provider for", plant: []string{"update ordering.payments set status = 'pending', updated_at = @since::timestamptz where order_id = @declined"},
		kind: "payment", id: "select id::text from ordering.payments where order_id = @declined", of: "declined", what: "the payment provider to void it", limit: apart.Payment,
	},
	{
		name: "money set aside for nothing", plant: []string{"update ordering.payments set status = 'authorized', updated_at = @since::timestamptz where order_id = @declined"},
		kind: "payment", id: "select id::text from ordering.payments where order_id = @declined", of: "declined", what: "the payment provider to void it", limit: apart.Payment,
	},
	{
		name: "money that came late",
		plant: []string{
			"insert into ordering.bank_transfers (payment_id, received_amount) select id, captured_amount + 5 from ordering.payments where order_id = @sold",
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
			select id, 'receive', 'planted', captured_amount + 5, 'EUR', 'approved', @since::timestamptz from ordering.payments where order_id = @sold`,
			"update ordering.orders set confirmed_at = @since::timestamptz - interval '1 day' where id = @sold",
		},
		kind: "transfer", of: "sold", what: "the payment provider to send back what no order wants", limit: apart.Payment,
	},
	{
		name: "money that came before the end",
		plant: []string{
			"insert into ordering.bank_transfers (payment_id, received_amount) select id, captured_amount + 5 from ordering.payments where order_id = @declined",
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
			select id, 'receive', 'planted', captured_amount + 5, 'EUR', 'approved', @since::timestamptz - interval '1 day' from ordering.payments where order_id = @declined`,
			"update ordering.orders set updated_at = @since::timestamptz where id = @declined",
		},
		kind: "transfer", of: "declined", what: "the payment provider to send back what no order wants", limit: apart.Payment,
	},
	{
		name: "a webhook",
		plant: []string{`insert into ordering.webhook_deliveries (endpoint_id, event_id, order_id, event_type, created_at)
			select '` + waiting + `', id, order_id, type, @since::timestamptz + interval '1 hour' * row_number() over (order by id) - interval '1 hour'
			from ordering.order_events where order_id = @sold`},
		kind: "webhook", id: "select '" + waiting + "'", of: "sold", what: "the receiver of webhooks", limit: apart.Webhook,
	},
}

// moveNoMoney is what is waited for by what is no order's: GET /api/admin/stuck lists it.
var moveNoMoney = []string{"a worker to take its rows"}

// over has what looks as if it waited, and does not.
var over = map[string][]string{
	"a delivered parcel": {"update ordering.shipments set created_at = @since::timestamptz where order_id = @sold"},
	"a refund that was asked for again": {`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount, status, failure, completed_at, updated_at, retry_of)
		values ('` + waiting + `', @sold, 1, 'EUR', 1, 'failed', 'planted', null, @since::timestamptz, null),
		(gen_random_uuid(), @sold, 1, 'EUR', 1, 'completed', null, now(), now(), '` + waiting + `')`},
	"a refund of what was paid back in another way": {`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount, status, failure, completed_at, updated_at)
		select gen_random_uuid(), @sold, captured_amount, 'EUR', 0, state.status, state.failure, state.at, @since::timestamptz
		from ordering.payments, (values ('failed', 'planted', null), ('completed', null, now())) as state (status, failure, at) where order_id = @sold`},
	"an order that was imported as it was": {
		"update ordering.payments set provider = 'history', updated_at = @since::timestamptz where order_id = @sold",
		"update ordering.orders set status = 'pending', created_at = @since::timestamptz where id = @sold",
	},
	"a transfer that was sent back": {
		"insert into ordering.bank_transfers (payment_id, received_amount, sent_back_amount) select id, captured_amount + 5, 5 from ordering.payments where order_id = @sold",
		`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
		select id, 'receive', 'planted', captured_amount + 5, 'EUR', 'approved', @since::timestamptz from ordering.payments where order_id = @sold`,
	},
	"a webhook that was given up": {`insert into ordering.webhook_deliveries (endpoint_id, event_id, order_id, event_type, status, created_at)
		select '` + waiting + `', id, order_id, type, 'failed', @since::timestamptz from ordering.order_events where order_id = @sold`},
}

// TestEveryWaitHasItsLimit lets each thing that may wait do so a little less and a little longer than its
// limit.
func TestEveryWaitHasItsLimit(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	sold := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
	shop.AwaitStatus(sold, order.Delivered)
	other := shop.NewBuyer()
	other.Put(product, 1).Want(http.StatusOK)
	other.Buy("decline").WantProblem(http.StatusPaymentRequired, "payment_declined")
	declined := apitest.Decode[struct{ Items []order.Document }](other.Get("/api/orders").Want(http.StatusOK)).Items[0].ID
	orders := map[string]uuid.UUID{"sold": sold, "declined": declined}

	tried := slices.Clone(moveNoMoney)
	for _, w := range waits {
		tried = append(tried, w.what)
		t.Run(w.name, func(t *testing.T) {
			names := pgx.NamedArgs{"sold": sold, "declined": declined}
			waitingID := orders[w.of].String()
			const little = 10 * time.Minute
			if found := waitsTooLong(t, shop, w.plant, names, w.limit-little, w.id, &waitingID); len(found) != 0 {
				t.Errorf("found %v before its limit is over", found)
			}
			found := waitsTooLong(t, shop, w.plant, names, w.limit+little, w.id, &waitingID)
			if want := []tooLong{{orders[w.of].String(), w.kind, waitingID, w.what}}; !reflect.DeepEqual(found, want) {
				t.Errorf("found %v, want %v", found, want)
			}
		})
	}
	for name, plant := range over {
		t.Run(name, func(t *testing.T) {
			names := pgx.NamedArgs{"sold": sold, "declined": declined}
			if found := waitsTooLong(t, shop, plant, names, 1000*time.Hour, "", nil); len(found) != 0 {
				t.Errorf("found %v", found)
			}
		})
	}

	// What is waited for is in words, nothing else of the view is.
	rows, err := shop.Deps.DB.Pool.Query(t.Context(), `
		select distinct (regexp_matches(pg_get_viewdef('ordering.waiting'), '''([a-z]+ [a-z ,]+)''::text', 'g'))[1]`)
	if err != nil {
		t.Fatal(err)
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(known)
	slices.Sort(tried)
	if tried = slices.Compact(tried); !slices.Equal(known, tried) {
		t.Errorf("tried is what waits for %q, known is %q", tried, known)
	}
}

// tooLong is a difference that the check within_limits has found.
type tooLong struct{ order, kind, id, waitsFor string }

// waitsTooLong plants what waits for so long, looks what waits too long, and takes everything back. id, where
// it is not empty, is a query of what is planted.
func waitsTooLong(t *testing.T, shop *workertest.Shop, plant []string, names pgx.NamedArgs, since time.Duration, id string, is *string) (found []tooLong) {
	t.Helper()
	tx, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "set local session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	var began time.Time
	if err := tx.QueryRow(t.Context(), "select now()").Scan(&began); err != nil {
		t.Fatal(err)
	}
	names["since"] = began.Add(-since)
	for _, statement := range plant {
		if done, err := tx.Exec(t.Context(), statement, names); err != nil || done.RowsAffected() == 0 {
			t.Fatalf("planted %s by %s: %v", done, statement, err)
		}
	}
	if id != "" {
		if err := tx.QueryRow(t.Context(), id, names).Scan(is); err != nil {
			t.Fatal(err)
		}
	}
	report, err := audit.Examine(t.Context(), tx, apart, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		if result.Name != "within_limits" {
			continue
		}
		for _, difference := range result.Found {
			var told struct {
				Kind     string `json:"kind"`
				ID       string `json:"id"`
				WaitsFor string `json:"waits_for"`
			}
			if err := json.Unmarshal(difference.Details, &told); err != nil {
				t.Fatal(fmt.Errorf("%w: %s", err, difference.Details))
			}
			found = append(found, tooLong{difference.SubjectID, told.Kind, told.ID, told.WaitsFor})
		}
	}
	return found
}

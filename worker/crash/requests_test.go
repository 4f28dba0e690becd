package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/store"
)

// operation is a request of the API that changes an order.
type operation struct {
	method, path string
	// writes are the statements that change something, each a transaction of its own, in their order;
	// "commit" ends a transaction of several. What they leave to a workflow must be done though the
	// process dies before it has told anybody.
	writes []string
}

// operations has every request that changes an order: a test fails when one is missing.
var operations = map[string]operation{
	"checkout":                 {"POST", "/api/checkout", []string{"PlaceOrder"}},
	"place-order":              {"POST", "/api/orders", []string{"PlaceOrder"}},
	"register-sale":            {"POST", "/api/sales", []string{"PlaceOrder"}},
	"cancel-order":             {"POST", "/api/orders/{id}/cancel", []string{"commit"}},
	"return-items":             {"POST", "/api/orders/{id}/returns", []string{"commit"}},
	"receive-return":           {"POST", "/api/returns/{id}/receive", []string{"commit"}},
	"reject-return":            {"POST", "/api/returns/{id}/reject", []string{"commit"}},
	"refund-order":             {"POST", "/api/orders/{id}/refunds", []string{"commit"}},
	"retry-refund":             {"POST", "/api/refunds/{id}/retry", []string{"commit"}},
	"pack-shipment":            {"POST", "/api/vendor/shipments/{id}/pack", []string{"PackShipment"}},
	"ship-shipment":            {"POST", "/api/vendor/shipments/{id}/ship", []string{"ReleaseShipment"}},
	"cancel-shipment":          {"POST", "/api/vendor/shipments/{id}/cancel", []string{"CancelShipment"}},
	"receive-payment-webhook":  {"POST", "/api/webhooks/payments", []string{"TakePaymentWebhook", "commit", "WebhookHandled"}},
	"receive-shipping-webhook": {"POST", "/api/webhooks/shipping", []string{"ReceiveWebhook", "WebhookHandled"}},
}

// paidFor is what a message writes that a checkout waits for; "commit" is of one that the money is gone.
var paidFor = []string{"TakePaymentWebhook", "WebhookHandled"}

// withoutWrites are the requests of an order that write nothing: what they start is started by the sweeps
// as well.
var withoutWrites = []string{"resume-order"}

// reads are what these requests ask of the database besides.
var reads = []string{
	"Order", "ReturnOrder", "CheckoutAnswer", "ListShipments", "ShipmentByTracking",
}

// ask is a request that a scenario makes, as often as it is made of one order.
type ask struct {
	operation string
	from      int      // the first of them that somebody is killed at; 0 is the first
	times     int      // 0 is once
	writes    []string // those that it comes to; nil for all of the operation's
}

// requestPoints lists the points of the requests of each scenario.
func requestPoints(t testing.TB) (points []point) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		for _, asked := range scenarios[name].asks {
			of, known := operations[asked.operation]
			if !known {
				t.Fatalf("%s: no operation is called %s", name, asked.operation)
			}
			writes := of.writes
			if asked.writes != nil {
				writes = asked.writes
			}
			for nth := max(asked.from, 1); nth <= max(asked.times, 1); nth++ {
				for _, statement := range writes {
					s := step{"request", asked.operation + " " + statement}
					points = append(points, point{name, boundary{s, before, nth}}, point{name, boundary{s, done, nth}})
				}
				points = append(points, point{name, boundary{step{"request", asked.operation}, recorded, nth}})
			}
		}
	}
	return points
}

// TestEveryRequestOfAnOrderHasPoints fails when the API learns a request that changes orders and nobody
// is killed while it is worked on.
func TestEveryRequestOfAnOrderHasPoints(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, of := range scenarios {
		for _, a := range of.asks {
			asked[a.operation] = true
		}
	}
	document := apitest.Document(t)
	left := maps.Clone(operations)
	for path, item := range document.Paths.Map() {
		for method, of := range item.Operations() {
			if method == http.MethodGet || !slices.ContainsFunc([]string{
				"/api/checkout", "/api/orders", "/api/sales", "/api/returns", "/api/refunds", "/api/vendor/shipments",
				"/api/webhooks/payments", "/api/webhooks/shipping", "/api/admin/stuck",
			}, func(prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }) {
				continue
			}
			known, listed := operations[of.OperationID]
			delete(left, of.OperationID)
			switch {
			case slices.Contains(withoutWrites, of.OperationID):
			case !listed:
				t.Errorf("%s %s changes orders: say with which statements %s does", method, path, of.OperationID)
			case known.method != method || known.path != path:
				t.Errorf("%s is %s %s", of.OperationID, method, path)
			case !asked[of.OperationID]:
				t.Errorf("no scenario makes the request %s", of.OperationID)
			}
		}
	}
	for gone := range left {
		t.Errorf("the API has no operation %s", gone)
	}
}

// request is one that is being worked on. The statements of its transactions know it by its context.
type request struct {
	*watch
	operation string

	mu     sync.Mutex
	id     uuid.UUID // of what it is about: an order, or what belongs to one
	within bool      // a transaction
}

type (
	requestKey   struct{}
	statementKey struct{}
)

// requests has a handler's requests of orders stop at their boundaries.
func (w *watch) requests(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	for name, of := range operations {
		mux.HandleFunc(of.method+" "+of.path, func(answer http.ResponseWriter, asked *http.Request) {
			r := &request{watch: w, operation: name}
			if id, err := uuid.Parse(asked.PathValue("id")); err == nil {
				r.id = id
			}
			kept := &keptAnswer{header: answer.Header(), status: http.StatusOK}
			next.ServeHTTP(kept, asked.WithContext(context.WithValue(asked.Context(), requestKey{}, r)))
			if kept.status < 300 {
				r.reach(r.operation, recorded)
			}
			answer.WriteHeader(kept.status)
			_, _ = answer.Write(kept.body.Bytes())
		})
	}
	return mux
}

// keptAnswer is an answer that is not sent yet.
type keptAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *keptAnswer) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *keptAnswer) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *keptAnswer) Write(p []byte) (int, error) { return k.body.Write(p) }

func (r *request) reach(name, phase string) {
	r.mu.Lock()
	id := r.id
	r.mu.Unlock()
	r.watch.reach("request/"+id.String(), step{"request", name}, phase)
}

// statements has the transactions of requests stop before and after they are committed.
type statements struct {
	// parcels tells the order of a tracking number.
	parcels *store.DB
}

// TraceQueryStart implements pgx.QueryTracer.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r, of := ctx.Value(requestKey{}).(*request)
	if !of {
		return ctx
	}
	name := data.SQL
	if after, named := strings.CutPrefix(data.SQL, "-- name: "); named {
		name, _, _ = strings.Cut(after, " ")
	}
	s.learn(ctx, r, data.Args)
	r.mu.Lock()
	within := r.within
	switch {
	case strings.HasPrefix(name, "begin"):
		r.within = true
	case name == "commit" || name == "rollback":
		r.within, within = false, false
	}
	r.mu.Unlock()
	switch {
	case within, strings.HasPrefix(name, "begin"), name == "rollback", slices.Contains(reads, name):
		return ctx
	case !slices.Contains(operations[r.operation].writes, name):
		r.watch.reach("request/"+r.id.String(), step{unknownKind, r.operation + " " + name}, before)
		return ctx
	}
	r.reach(r.operation+" "+name, before)
	return context.WithValue(ctx, statementKey{}, name)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s *statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	r, of := ctx.Value(requestKey{}).(*request)
	name, watched := ctx.Value(statementKey{}).(string)
	if of && watched && data.Err == nil {
		r.reach(r.operation+" "+name, done)
	}
}

// learn takes what a request is about from what it asks the database, if its path does not tell.
func (s *statements) learn(ctx context.Context, r *request, arguments []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, argument := range arguments {
		if r.id != uuid.Nil {
			return
		}
		switch value := argument.(type) {
		case uuid.UUID:
			r.id = value
		case *uuid.UUID:
			if value != nil {
				r.id = *value
			}
		case json.RawMessage:
			r.id = s.about(ctx, value)
		case []byte:
			r.id = s.about(ctx, value)
		}
	}
}

// about is the order whose parcel a message of the carrier is about; nobody's when it is no such message.
func (s *statements) about(ctx context.Context, message []byte) uuid.UUID {
	var carried struct {
		TrackingNumber string `json:"tracking_number"`
	}
	if json.Unmarshal(message, &carried) != nil || carried.TrackingNumber == "" {
		return uuid.Nil
	}
	found, err := s.parcels.FindShipment(context.WithoutCancel(ctx), carried.TrackingNumber)
	if err != nil {
		return uuid.Nil
	}
	return found.OrderID
}

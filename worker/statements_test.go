package worker_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// statements notes what is asked of Postgres, by the names of the queries. Each is a round trip.
type statements struct {
	mu    sync.Mutex
	asked []string
}

// TraceQueryStart implements pgx.QueryTracer.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := data.SQL // begin, commit, and what has no name, as it is
	if after, named := strings.CutPrefix(data.SQL, "-- name: "); named {
		name, _, _ = strings.Cut(after, " ")
	}
	s.asked = append(s.asked, name)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer: a batch would be a round trip that TraceQueryStart
// does not see.
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, "a batch")
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// take returns what was asked since it was last called.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// TestCheckoutAsksNoMoreThanItMust counts the round trips of a checkout to Postgres and the events
// that Temporal keeps of it: they are what it costs, and grow unseen otherwise. Whoever needs one
// more puts it down here.
func TestCheckoutAsksNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	asked := &statements{}
	// The webhook of one checkout would be counted with the next.
	shop := workertest.New(t, workertest.WithoutWorker(), workertest.LostPaymentWebhooks(), workertest.Observed(asked))
	products := shop.NewProducts(3, 100)
	events := func(id uuid.UUID) (kept []string) {
		for _, event := range historyOf(t, shop, workflows.CheckoutID(id), "", true).GetEvents() {
			kept = append(kept, event.GetEventType().String())
		}
		return kept
	}
	for what, c := range map[string]struct {
		token      string
		statements []string
		markers    int // local activities
	}{
		"sold": {"approve", []string{
			"PlaceOrder", "ReserveOrder", "SellAuthorized",
		}, 2},
		"declined": {"decline", []string{
			"PlaceOrder", "ReserveOrder", "RecordPayment", "CancelOrder", "CheckoutAnswer",
		}, 3},
	} {
		buyer := shop.NewBuyer()
		for _, product := range products {
			buyer.Put(product, 1).Want(http.StatusOK)
		}
		asked.take()
		bought := buyer.Buy(c.token)
		if got := asked.take(); !slices.Equal(got, c.statements) {
			t.Errorf("%s: it asked Postgres %q, want %q", what, got, c.statements)
		}
		if wants := map[string]int{"sold": http.StatusCreated, "declined": http.StatusPaymentRequired}; bought.Status != wants[what] {
			t.Fatalf("%s: answered %d %s", what, bought.Status, bought.Body)
		}
		id := apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items[0].ID
		want := slices.Concat(
			[]string{"WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowTaskStarted", "WorkflowTaskCompleted"},
			slices.Repeat([]string{"MarkerRecorded"}, c.markers),
			[]string{"WorkflowExecutionCompleted"},
		)
		if got := events(id); !slices.Equal(got, want) {
			t.Errorf("%s: Temporal keeps %q, want %q", what, got, want)
		}
	}
}

package worker_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/workflowservice/v1"

	"mercado/worker/workertest"
	"mercado/workflows"
)

// requests are those that a worker has sent to Temporal.
type requests struct {
	mu     sync.Mutex
	listed int            // lists that named a fulfilment
	starts map[string]int // by workflow
}

func (r *requests) note(request any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch request := request.(type) {
	case *workflowservice.ListWorkflowExecutionsRequest:
		if strings.Contains(request.GetQuery(), "'fulfilment/") {
			r.listed++
		}
	case *workflowservice.StartWorkflowExecutionRequest:
		r.starts[request.GetWorkflowId()]++
	}
}

// forget begins anew.
func (r *requests) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed, r.starts = 0, map[string]int{}
}

func (r *requests) rounds() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed
}

// started is how often workflows were to be started.
func (r *requests) started(workflows ...string) (starts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range workflows {
		starts += r.starts[id]
	}
	return starts
}

// TestSweepStartsOnlyWhatIsMissing has orders that wait for their vendors: Temporal is asked for all of
// them at once, and to start the fulfilment of none but the one that has lost it.
func TestSweepStartsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	asked := &requests{starts: map[string]int{}}
	shop := workertest.New(t, workertest.PackAfter(time.Hour), workertest.Asks(asked.note))
	product := shop.NewProducts(1, 10)[0]
	orders := make([]uuid.UUID, 3)
	ids := make([]string, len(orders))
	for i := range orders {
		_, orders[i] = buy(shop, "approve", 1, product)
		planned(t, shop, orders[i], 1)
		ids[i] = workflows.FulfilmentID(orders[i])
	}
	running := func() int {
		t.Helper()
		found, err := workflows.Running(t.Context(), shop.Deps.Temporal, ids)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	workertest.Await(t, "Temporal to list the fulfilments", func() bool { return running() == len(orders) })
	asked.forget()
	longAgo(shop)
	workertest.Await(t, "some rounds", func() bool { return asked.rounds() >= 2 })
	if starts := asked.started(ids...); starts != 0 {
		t.Errorf("they run, and were started %d times", starts)
	}
	first := runOf(t, shop, ids[0])
	terminate(t, shop, ids[0])
	workertest.Await(t, "another fulfilment", func() bool { return runOf(t, shop, ids[0]) != first })
	if lost, others := asked.started(ids[0]), asked.started(ids[1:]...); lost == 0 || others != 0 {
		t.Errorf("the one that was lost was started %d times, the others %d", lost, others)
	}
}

package worker

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// sweep goes round the orders, or the refunds, that a workflow should be working on, a page at a time, and
// starts the workflow of each that has none: whoever should have started it died, it was ended by force,
// or a server was restored to before it.
type sweep struct {
	what  string
	every time.Duration
	page  func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error)
	most  int // of a page
	start starter
	// workflow is the id of the workflow that is started. Those that run are asked for in one request to
	// Temporal; where it is nil, whoever starts one finds out.
	workflow func(uuid.UUID) string

	last  time.Time
	after uuid.UUID // the last order of the page before; zero begins anew
}

const (
	sweepPage = 100
	// openPage is a page of orders that wait for days, nearly all of which have their workflow.
	openPage = 500
)

// sweeps are made anew for each turn to relay.
func (r *relay) sweeps(q *shopdb.Queries) []*sweep {
	return []*sweep{
		{
			what: "checkout", every: 2 * time.Second, start: workflows.ResumeCheckout,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersToCheckOut(ctx, shopdb.OrdersToCheckOutParams{After: after, OlderThanSeconds: 5, Most: sweepPage})
			},
		},
		{
			what: "transfer", every: 10 * time.Second, start: workflows.ResumeCheckout,
			most: openPage, workflow: workflows.CheckoutID,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.TransfersToSettle(ctx, shopdb.TransfersToSettleParams{After: after, Most: openPage})
			},
		},
		{
			what: "fulfilment", every: 5 * time.Second, start: workflows.StartFulfilment,
			most: openPage, workflow: workflows.FulfilmentID,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersToFulfil(ctx, shopdb.OrdersToFulfilParams{After: after, OlderThanSeconds: 60, Most: openPage})
			},
		},
		{
			what: "fulfilment of a changed shipment", every: 2 * time.Second, start: workflows.NudgeFulfilment,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersToNudge(ctx, shopdb.OrdersToNudgeParams{After: after, OlderThanSeconds: 5, Most: sweepPage})
			},
		},
		{
			what: "cancellation", every: 2 * time.Second, start: workflows.ResumeCancellation,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersToCancel(ctx, shopdb.OrdersToCancelParams{After: after, OlderThanSeconds: 5, Most: sweepPage})
			},
		},
		{
			what: "fulfilment of what is not paid for", every: 5 * time.Second, start: r.giveUpLost,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersNobodyPaysFor(ctx, shopdb.OrdersNobodyPaysForParams{After: after, Most: sweepPage})
			},
		},
		{
			what: "import", every: 2 * time.Second, start: workflows.StartImport,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.ImportsToRun(ctx, shopdb.ImportsToRunParams{After: after, OlderThanSeconds: 5, Most: sweepPage})
			},
		},
		{
			what: "refund", every: time.Second, start: workflows.ResumeRefund,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.RefundsToPay(ctx, shopdb.RefundsToPayParams{After: after, OlderThanSeconds: 1, Most: sweepPage})
			},
		},
	}
}

// sweep looks at the next page of orders when it is time to.
func (r *relay) sweep(ctx context.Context, s *sweep) error {
	if time.Since(s.last) < s.every {
		return nil
	}
	page, err := s.page(ctx, s.after)
	if err != nil {
		return fmt.Errorf("read orders for %s: %w", s.what, err)
	}
	idle := page
	if s.workflow != nil {
		if idle, err = r.idle(ctx, page, s.workflow); err != nil {
			return err
		}
	}
	started, err := r.start(ctx, idle, s.start)
	for _, id := range started {
		slog.Warn("started a "+s.what+" that nobody worked on", "id", id)
	}
	if err != nil {
		return err
	}
	s.last, s.after = time.Now(), uuid.Nil
	if len(page) == cmp.Or(s.most, sweepPage) {
		s.after = page[len(page)-1]
	}
	return nil
}

// idle leaves out of a page those whose workflow Temporal lists as running. What it lists may be a little
// old: one that has just ended is found in the next round, and starting one that runs does nothing.
func (r *relay) idle(ctx context.Context, page []uuid.UUID, workflow func(uuid.UUID) string) ([]uuid.UUID, error) {
	ids := make([]string, len(page))
	for i, id := range page {
		ids[i] = workflow(id)
	}
	running, err := workflows.Running(ctx, r.workflows, ids)
	if err != nil {
		return nil, err
	}
	var idle []uuid.UUID
	for i, id := range page {
		if !running[ids[i]] {
			idle = append(idle, id)
		}
	}
	return idle, nil
}

// giveUpLost gives up what is not paid for of an order of which the API could not do so itself.
func (r *relay) giveUpLost(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (started bool, err error) {
	if err := r.db.GiveUpLost(ctx, orderID); err != nil {
		return false, err
	}
	return workflows.NudgeFulfilment(ctx, c, queue, orderID)
}

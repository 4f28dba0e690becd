package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

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
	start starter

	last  time.Time
	after uuid.UUID // the last order of the page before; zero begins anew
}

const sweepPage = 100

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
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.TransfersToSettle(ctx, shopdb.TransfersToSettleParams{After: after, Most: sweepPage})
			},
		},
		{
			what: "fulfilment", every: 5 * time.Second, start: workflows.StartFulfilment,
			page: func(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
				return q.OrdersToFulfil(ctx, shopdb.OrdersToFulfilParams{After: after, OlderThanSeconds: 60, Most: sweepPage})
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
	started, err := r.start(ctx, page, s.start)
	for _, id := range started {
		slog.Warn("started a "+s.what+" that nobody worked on", "id", id)
	}
	if err != nil {
		return err
	}
	s.last, s.after = time.Now(), uuid.Nil
	if len(page) == sweepPage {
		s.after = page[len(page)-1]
	}
	return nil
}

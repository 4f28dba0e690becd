package worker

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

const startsAtOnce = 8

// relay is the consumer that starts what events ask for: fulfilment of what was confirmed. It also
// looks at every unfinished order now and then (see sweep). Starting twice does no harm.
type relay struct {
	db        *store.DB
	workflows client.Client
	queue     string
}

func (r *relay) name() string { return "fulfilment" }

func (r *relay) begin(q *shopdb.Queries) reading {
	return &relayReading{relay: r, q: q, sweeps: r.sweeps(q)}
}

type relayReading struct {
	*relay
	q      *shopdb.Queries
	sweeps []*sweep
}

func (r *relayReading) read(ctx context.Context, since string) (string, bool, error) {
	confirmed, err := r.q.ConfirmedSince(ctx, since)
	if err != nil {
		return "", false, fmt.Errorf("read events: %w", err)
	}
	_, err = r.start(ctx, confirmed.Orders, workflows.StartFulfilment)
	return confirmed.Snapshot, len(confirmed.Orders) > 0, err
}

func (r *relayReading) rest(ctx context.Context) error {
	for _, sweep := range r.sweeps {
		if err := r.sweep(ctx, sweep); err != nil {
			return err
		}
	}
	return nil
}

// starter starts a workflow of an order unless it runs, and tells whether it did.
type starter func(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (started bool, err error)

// start starts the workflows of orders; all of them when err is nil. It returns those that were
// not running.
func (r *relay) start(ctx context.Context, orders []uuid.UUID, start starter) (started []uuid.UUID, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(startsAtOnce)
	was := make([]bool, len(orders))
	for i, id := range orders {
		group.Go(func() (err error) {
			was[i], err = start(ctx, r.workflows, r.queue, id)
			return err
		})
	}
	err = group.Wait()
	for i, id := range orders {
		if was[i] {
			started = append(started, id)
		}
	}
	return started, err
}

package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

const (
	relayName = "fulfilment" // its mark in ordering.event_readers
	readEvery = 100 * time.Millisecond
	markEvery = 10 * time.Second // while nothing happens

	startsAtOnce = 8
)

// relay starts what the events of orders ask for: fulfilment of what was confirmed. It also looks
// at every unfinished order now and then (see sweep). Starting twice does no harm, so after a crash
// it simply reads again. Of several processes one relays; the others stand by.
type relay struct {
	db        *store.DB
	workflows client.Client
	queue     string
}

func (r *relay) run(ctx context.Context) error {
	return persist(ctx, "relay events of orders", func(ctx context.Context) error {
		return withConnection(ctx, r.db, func(connection *pgx.Conn) error {
			// Everything is asked over the connection that holds the lock: who loses it stops.
			return r.relay(ctx, shopdb.New(connection))
		})
	})
}

func (r *relay) relay(ctx context.Context, q *shopdb.Queries) error {
	if err := q.HoldReader(ctx, relayName); err != nil {
		return fmt.Errorf("wait for turn to relay: %w", err)
	}
	since, err := q.StartReader(ctx, relayName)
	if err != nil {
		return fmt.Errorf("read mark: %w", err)
	}
	slog.Info("relaying events of orders", "since", since)
	clock := time.NewTicker(readEvery)
	defer clock.Stop()
	sweeps := r.sweeps(q)
	var marked time.Time
	for {
		confirmed, err := q.ConfirmedSince(ctx, since)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if _, err := r.start(ctx, confirmed.Orders, workflows.StartFulfilment); err != nil {
			return err
		}
		since = confirmed.Snapshot
		if len(confirmed.Orders) > 0 || time.Since(marked) > markEvery {
			if err := q.MarkReader(ctx, shopdb.MarkReaderParams{Reader: relayName, Snapshot: since}); err != nil {
				return fmt.Errorf("keep mark: %w", err)
			}
			marked = time.Now()
		}
		for _, sweep := range sweeps {
			if err := r.sweep(ctx, sweep); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
	}
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

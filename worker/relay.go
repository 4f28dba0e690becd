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

	// An order that is still pending after placedGrace may have nobody who works on it.
	sweepEvery   = 2 * time.Second
	placedGrace  = 5 * time.Second
	placedAtOnce = 500

	startsAtOnce = 8
)

// relay starts what the events of orders ask for: fulfilment of what was confirmed, and the
// checkout of what was placed by a process that died before it could start it. Starting twice does
// no harm, so after a crash it simply reads again. Of several processes one relays; the others
// stand by.
type relay struct {
	db        *store.DB
	workflows client.Client
	queue     string

	resumed map[uuid.UUID]bool // pending orders whose checkout this process has started
}

func newRelay(db *store.DB, workflows client.Client, queue string) *relay {
	return &relay{db: db, workflows: workflows, queue: queue, resumed: map[uuid.UUID]bool{}}
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
	var marked, swept time.Time
	for {
		confirmed, err := q.ConfirmedSince(ctx, since)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if err := r.fulfil(ctx, confirmed.Orders); err != nil {
			return err
		}
		since = confirmed.Snapshot
		if len(confirmed.Orders) > 0 || time.Since(marked) > markEvery {
			if err := q.MarkReader(ctx, shopdb.MarkReaderParams{Reader: relayName, Snapshot: since}); err != nil {
				return fmt.Errorf("keep mark: %w", err)
			}
			marked = time.Now()
		}
		if time.Since(swept) > sweepEvery {
			if err := r.resume(ctx, q); err != nil {
				return err
			}
			swept = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
	}
}

// fulfil starts the fulfilment of orders; all of them when it returns nil.
func (r *relay) fulfil(ctx context.Context, orders []uuid.UUID) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(startsAtOnce)
	for _, id := range orders {
		group.Go(func() error { return workflows.StartFulfilment(ctx, r.workflows, r.queue, id) })
	}
	return group.Wait()
}

// resume starts the checkout of orders that are pending for longer than their placer should take.
func (r *relay) resume(ctx context.Context, q *shopdb.Queries) error {
	pending, err := q.OrdersWithoutCheckout(ctx, shopdb.OrdersWithoutCheckoutParams{
		OlderThanSeconds: placedGrace.Seconds(), Most: placedAtOnce,
	})
	if err != nil {
		return fmt.Errorf("read pending orders: %w", err)
	}
	resumed := make(map[uuid.UUID]bool, len(pending))
	for _, id := range pending {
		if !r.resumed[id] {
			if _, err := workflows.StartCheckout(ctx, r.workflows, r.queue, id); err != nil {
				return err
			}
			slog.Info("saw to the checkout of an order that was placed a while ago", "order", id)
		}
		resumed[id] = true
	}
	r.resumed = resumed
	return nil
}

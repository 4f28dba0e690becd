package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

const (
	readEvery = 100 * time.Millisecond
	markEvery = 10 * time.Second // while nothing happens
)

// tail reads the events of orders for one consumer, each event once in the order of commits, from
// where the consumer's mark says. Consumers do not wait for each other: each has a mark, a
// connection and a turn of its own. After a crash a little is read again, so what a consumer does
// must do no harm the second time. Of several processes one reads for a consumer; the others
// stand by.
type tail struct {
	db       *store.DB
	consumer consumer
}

// consumer does something about events.
type consumer interface {
	// name is its mark in ordering.event_readers.
	name() string
	// begin is called for each turn to read, with the connection that holds it.
	begin(q *shopdb.Queries) reading
}

// reading is one turn of a consumer.
type reading interface {
	// read acts on the events of transactions that ended after a snapshot. It returns the snapshot
	// that it read under, and whether there was anything. All is done when err is nil.
	read(ctx context.Context, since string) (snapshot string, found bool, err error)
	// rest is called between readings.
	rest(ctx context.Context) error
}

func (t *tail) run(ctx context.Context) error {
	name := t.consumer.name()
	return persist(ctx, "read events for "+name, func(ctx context.Context) error {
		return withConnection(ctx, t.db, func(connection *pgx.Conn) error {
			// Everything is asked over the connection that holds the lock: who loses it stops.
			return follow(ctx, shopdb.New(connection), name, t.consumer)
		})
	})
}

func follow(ctx context.Context, q *shopdb.Queries, name string, c consumer) error {
	if err := q.HoldReader(ctx, name); err != nil {
		return fmt.Errorf("wait for turn to read: %w", err)
	}
	since, err := q.StartReader(ctx, name)
	if err != nil {
		return fmt.Errorf("read mark: %w", err)
	}
	slog.Info("reading events of orders", "for", name, "since", since)
	clock := time.NewTicker(readEvery)
	defer clock.Stop()
	turn := c.begin(q)
	var marked time.Time
	for {
		snapshot, found, err := turn.read(ctx, since)
		if err != nil {
			return err
		}
		since = snapshot
		if found || time.Since(marked) > markEvery {
			if err := q.MarkReader(ctx, shopdb.MarkReaderParams{Reader: name, Snapshot: since}); err != nil {
				return fmt.Errorf("keep mark: %w", err)
			}
			marked = time.Now()
		}
		if err := turn.rest(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
	}
}

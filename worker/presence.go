package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// announce lets /readyz see that somebody works on a queue, until ctx ends: by a shared lock of a
// connection of its own, which Postgres releases when the process dies.
func announce(ctx context.Context, db *store.DB, queue string) error {
	return persist(ctx, "announce a worker of "+queue, func(ctx context.Context) error {
		return withConnection(ctx, db, func(connection *pgx.Conn) error {
			if err := shopdb.New(connection).AnnounceWorker(ctx, queue); err != nil {
				return fmt.Errorf("announce worker: %w", err)
			}
			return keep(ctx, connection)
		})
	})
}

// withConnection does something on a connection that nobody else uses and closes it afterwards:
// what it holds is held exactly as long as the connection lives.
func withConnection(ctx context.Context, db *store.DB, do func(*pgx.Conn) error) error {
	connection, err := pgx.ConnectConfig(ctx, db.Pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = connection.Close(closing)
	}()
	return do(connection)
}

// keep returns when ctx ends or the connection does.
func keep(ctx context.Context, connection *pgx.Conn) error {
	beat := time.NewTicker(5 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if err := connection.Ping(ctx); err != nil {
				return fmt.Errorf("lost connection: %w", err)
			}
		}
	}
}

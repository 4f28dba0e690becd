// Package warehouse loads the star schema that analysts query: it stages what a run made, checks
// it against every zone it came through, and publishes it in one transaction.
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/warehouse/warehousedb"
)

// DB is a pool of connections to the warehouse.
type DB struct {
	*warehousedb.Queries
	Pool        *pgxpool.Pool
	LockTimeout time.Duration // how long loading and publishing wait for whoever holds a lock on a table
}

// maxConns is enough for loading tables in parallel.
const maxConns = 6

// Open connects to the warehouse. It does not wait for the server: see Ping.
func Open(ctx context.Context, s settings.Warehouse) (*DB, error) {
	config, err := pgxpool.ParseConfig(s.URL)
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_WAREHOUSE_URL", Problem: "cannot be parsed"}
	}
	config.MaxConns = maxConns
	config.ConnConfig.RuntimeParams["application_name"] = "mercado-warehouse"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	return &DB{Queries: warehousedb.New(pool), Pool: pool, LockTimeout: s.LockTimeout}, nil
}

// Close returns all connections.
func (db *DB) Close() { db.Pool.Close() }

// limitLocks bounds the waits for locks of the queries' transaction.
func (db *DB) limitLocks(ctx context.Context, queries *warehousedb.Queries) error {
	return queries.SetLockTimeout(ctx, strconv.FormatInt(db.LockTimeout.Milliseconds(), 10))
}

// Ping reports whether the server answers.
func (db *DB) Ping(ctx context.Context) error { return db.Pool.Ping(ctx) }

// Baseline is the point in the shop's history that every published day is as new as, or nil
// when nothing has been published.
func (db *DB) Baseline(ctx context.Context) (*lake.Mark, error) {
	mark, err := db.Mark(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of the last publish: %w", err)
	}
	return &lake.Mark{Snapshot: mark.Snapshot, SystemID: mark.SystemID}, nil
}

// Package store is the shop's Postgres: pools, transactions and one file per aggregate. Its SQL
// is written in sql/queries/shop and compiled into the package shopdb.
package store

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/settings"
	"mercado/internal/store/shopdb"
)

// DB is a pool of connections to the shop's Postgres.
type DB struct {
	*shopdb.Queries
	Pool *pgxpool.Pool
}

// Open connects to the shop's Postgres. It does not wait for the server: see Ping.
func Open(ctx context.Context, s settings.Database) (*DB, error) { return open(ctx, s, nil, nil) }

// impatience is what Postgres ends a statement by, when somebody waits for its answer: one locked
// row must not take every connection there is.
var impatience = map[string]string{
	"lock_timeout":      "3s",
	"statement_timeout": "8s",
}

// OpenForRequests is Open for short statements only: one that waits 3 seconds for a lock, or runs
// for 8, fails, so that the connection is free for the next request.
func OpenForRequests(ctx context.Context, s settings.Database) (*DB, error) {
	return open(ctx, s, impatience, nil)
}

// OpenObserved is OpenForRequests with every statement shown to tracer, for a test to count them.
func OpenObserved(ctx context.Context, s settings.Database, tracer pgx.QueryTracer) (*DB, error) {
	return open(ctx, s, impatience, tracer)
}

func open(ctx context.Context, s settings.Database, parameters map[string]string, tracer pgx.QueryTracer) (*DB, error) {
	config, err := pgxpool.ParseConfig(s.URL)
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_DATABASE_URL", Problem: "cannot be parsed"}
	}
	config.MaxConns = s.MaxConns
	config.ConnConfig.Tracer = tracer
	config.ConnConfig.RuntimeParams["application_name"] = "mercado"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	maps.Copy(config.ConnConfig.RuntimeParams, parameters)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open shop database: %w", err)
	}
	return &DB{Queries: shopdb.New(pool), Pool: pool}, nil
}

// Close returns all connections.
func (db *DB) Close() { db.Pool.Close() }

// Ping reports whether the server answers.
func (db *DB) Ping(ctx context.Context) error { return db.Pool.Ping(ctx) }

// InTx runs do in one transaction, which is rolled back when do fails.
func (db *DB) InTx(ctx context.Context, do func(*shopdb.Queries) error) error {
	return pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		return do(db.WithTx(tx))
	})
}

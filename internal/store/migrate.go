package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/jackc/pgx/v5"

	"mercado/sql/migrations"
)

// Migration is one step that a call of Migrate has applied.
type Migration struct {
	Database string `json:"database"` // shop or warehouse
	File     string `json:"file"`
	Millis   int64  `json:"millis"`
}

// MigrateShop brings the shop's schemas up to date. Several processes may call it at once.
func MigrateShop(ctx context.Context, url string) ([]Migration, error) {
	return migrate(ctx, url, "shop", migrations.Shop)
}

// MigrateWarehouse brings the schemas warehouse and staging up to date.
func MigrateWarehouse(ctx context.Context, url string) ([]Migration, error) {
	return migrate(ctx, url, "warehouse", migrations.Warehouse)
}

func migrate(ctx context.Context, url, name string, embedded fs.FS) ([]Migration, error) {
	files, err := fs.Sub(embedded, name)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", name, err)
	}
	var db *sql.DB = stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	// The two databases may be one, so each keeps its own table of versions and its own lock.
	table, err := database.NewStore(database.DialectPostgres, "public.migrations_"+name)
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID[name]))
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider("", db, files,
		goose.WithStore(table), goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", name, err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", name, err)
	}
	applied := make([]Migration, 0, len(results))
	for _, result := range results {
		applied = append(applied, Migration{Database: name, File: result.Source.Path, Millis: result.Duration.Milliseconds()})
	}
	return applied, nil
}

var lockID = map[string]int64{"shop": 0x6d65726361646f01, "warehouse": 0x6d65726361646f02}

package store

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"mercado/sql/migrations"
)

// Migration is one step that a call of Migrate has applied.
type Migration struct {
	Database string `json:"database"` // shop or warehouse
	File     string `json:"file"`
	Millis   int64  `json:"millis"`
}

// MigrateShop brings the shop's schemas up to date, and gives a new shop its reference data.
// Several processes may call it at once. It fails with an *OtherMigrations, and changes nothing,
// where the files are not those that the database was made with.
func MigrateShop(ctx context.Context, url string) ([]Migration, error) {
	applied, err := migrate(ctx, url, "shop", migrations.Shop)
	if err != nil {
		return nil, err
	}
	return applied, fillReference(ctx, url)
}

// MigrateWarehouse brings the schemas warehouse and staging up to date.
func MigrateWarehouse(ctx context.Context, url string) ([]Migration, error) {
	return migrate(ctx, url, "warehouse", migrations.Warehouse)
}

// PendingShop returns the migrations that the shop's database lacks.
func PendingShop(ctx context.Context, url string) ([]string, error) {
	return pending(ctx, url, "shop", migrations.Shop)
}

// PendingWarehouse returns the migrations that the warehouse lacks.
func PendingWarehouse(ctx context.Context, url string) ([]string, error) {
	return pending(ctx, url, "warehouse", migrations.Warehouse)
}

func migrate(ctx context.Context, url, name string, embedded fs.FS) ([]Migration, error) {
	provider, err := migrator(url, name, embedded)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", name, err)
	}
	defer func() { _ = provider.Close() }()
	if _, err := compare(ctx, provider, url, name, embedded, true); err != nil {
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

func pending(ctx context.Context, url, name string, embedded fs.FS) ([]string, error) {
	provider, err := migrator(url, name, embedded)
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", name, err)
	}
	defer func() { _ = provider.Close() }()
	statuses, err := compare(ctx, provider, url, name, embedded, false)
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", name, err)
	}
	var files []string
	for _, status := range statuses {
		if status.State == goose.StatePending {
			files = append(files, status.Source.Path)
		}
	}
	return files, nil
}

// compare tells what is applied, see checkDigests.
func compare(ctx context.Context, provider *goose.Provider, url, name string, embedded fs.FS, write bool) ([]*goose.MigrationStatus, error) {
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(embedded, name)
	if err != nil {
		return nil, err
	}
	return statuses, checkDigests(ctx, url, name, files, statuses, write)
}

// migrator opens a pool that closing the provider closes.
func migrator(url, name string, embedded fs.FS) (*goose.Provider, error) {
	files, err := fs.Sub(embedded, name)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// The two databases may be one, so each keeps its own table of versions and its own lock.
	table, err := database.NewStore(database.DialectPostgres, "public.migrations_"+name)
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID[name]))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", stdlib.OpenDB(*config), files, goose.WithStore(table), goose.WithSessionLocker(locker))
}

var lockID = map[string]int64{"shop": 0x6d65726361646f01, "warehouse": 0x6d65726361646f02}

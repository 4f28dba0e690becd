package stacktest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store"
	"mercado/sql/migrations"
	"mercado/sql/reference"
)

// templateLock serialises the making of templates between test processes.
const templateLock = 0x6d65726374657374

var (
	templateOnce sync.Once
	templateName string
	templateErr  error
)

// createDatabase clones the migrated template and returns the connection string of the clone.
func (s *shared) createDatabase(ctx context.Context, name string) (string, error) {
	templateOnce.Do(func() { templateName, templateErr = s.template(ctx) })
	if templateErr != nil {
		return "", templateErr
	}
	return s.databaseURL(name), s.administrate(ctx, "create database %s template %s", name, templateName)
}

func (s *shared) dropDatabase(ctx context.Context, name string) error {
	return s.administrate(ctx, "drop database if exists %s with (force)", name)
}

// template returns the name of the database that has these migrations and makes it the first time.
func (s *shared) template(ctx context.Context) (string, error) {
	digest, err := migrationsDigest()
	if err != nil {
		return "", err
	}
	name := "template_" + digest
	connection, err := pgx.Connect(ctx, s.Postgres)
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close(ctx) }()
	if _, err := connection.Exec(ctx, "select pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return "", err
	}
	var finished bool
	const isTemplate = "select exists (select from pg_database where datname = $1 and datistemplate)"
	if err := connection.QueryRow(ctx, isTemplate, name).Scan(&finished); err != nil || finished {
		return name, err
	}
	if err := s.dropDatabase(ctx, name); err != nil {
		return "", err
	}
	if err := s.administrate(ctx, "create database %s", name); err != nil {
		return "", err
	}
	if _, err := store.MigrateShop(ctx, s.databaseURL(name)); err != nil {
		return "", err
	}
	if _, err := store.MigrateWarehouse(ctx, s.databaseURL(name)); err != nil {
		return "", err
	}
	return name, s.administrate(ctx, "alter database %s with is_template true", name)
}

// administrate runs a statement on databases, whose names cannot be parameters.
func (s *shared) administrate(ctx context.Context, statement string, names ...any) error {
	connection, err := pgx.Connect(ctx, s.Postgres)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	for i, name := range names {
		names[i] = pgx.Identifier{name.(string)}.Sanitize()
	}
	_, err = connection.Exec(ctx, fmt.Sprintf(statement, names...))
	return err
}

func (s *shared) databaseURL(name string) string {
	address, err := url.Parse(s.Postgres)
	if err != nil {
		panic(err) // the supervisor wrote it
	}
	address.Path = "/" + name
	return address.String()
}

// migrationsDigest changes whenever a migration or the data of a new shop does.
func migrationsDigest() (string, error) {
	digest := sha256.New()
	for _, files := range []fs.FS{migrations.Shop, migrations.Warehouse, reference.Files} {
		err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(digest, "%s %d\n%s", path, len(content), content)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(digest.Sum(nil)[:8]), nil
}

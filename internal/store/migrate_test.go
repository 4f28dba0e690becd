package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
)

// TestADatabaseOfOtherMigrationsIsRefused changes what the database says it was made with.
func TestADatabaseOfOtherMigrationsIsRefused(t *testing.T) {
	t.Parallel()
	const newest = `(select max(version) from public.migration_digests where migrations = 'shop')`
	for name, c := range map[string]struct{ change, file string }{
		"a file was edited":        {`update public.migration_digests set digest = 'x' where migrations = 'shop' and version = 2`, "00002_catalog.sql"},
		"a file was renamed":       {`update public.migration_digests set file = '00002_x.sql' where migrations = 'shop' and version = 2`, "00002_catalog.sql"},
		"made before digests were": {`drop table public.migration_digests`, "00001_identity.sql"},
		"a file came in between":   {`delete from public.migrations_shop where version_id = 3`, "00003_ordering.sql"},
		"by a newer program":       {`insert into public.migration_digests select 'shop', version + 1, '99999_new.sql', 'x' from public.migration_digests where version = ` + newest + ` and migrations = 'shop'`, "99999_new.sql"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := stacktest.New(t).Database.URL
			connection, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close(t.Context()) }()
			if files, err := store.PendingShop(t.Context(), url); err != nil || len(files) != 0 {
				t.Fatalf("pending %v, %v", files, err)
			}
			if _, err := connection.Exec(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			_, migrated := store.MigrateShop(t.Context(), url)
			_, pending := store.PendingShop(t.Context(), url)
			for _, err := range []error{migrated, pending} {
				var other *store.OtherMigrations
				if !errors.As(err, &other) || !slices.Contains(other.Files, c.file) || !strings.Contains(err.Error(), "MERCADO_HOME") {
					t.Errorf("%v, want a refusal that names %s", err, c.file)
				}
			}
			if _, err := store.MigrateWarehouse(t.Context(), url); err != nil && name != "made before digests were" {
				t.Errorf("the warehouse, which has not changed: %v", err)
			}
		})
	}
}

// TestAMigrationThatWasInterruptedGoesOn: the digest is kept before the file is applied.
func TestAMigrationThatWasInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	url := stacktest.New(t).Database.URL
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(t.Context()) }()
	for _, change := range []string{
		`do $$
		declare made record;
		begin
			for made in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public)' loop
				execute format('drop schema %I cascade', made.nspname);
			end loop;
		end $$`,
		`delete from public.migrations_shop where version_id > 0`,
		`update public.migration_digests set digest = 'of a file that was edited since' where version > 5`,
	} {
		if _, err := connection.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	applied, err := store.MigrateShop(t.Context(), url)
	if err != nil || len(applied) < 5 {
		t.Fatalf("applied %d, %v", len(applied), err)
	}
	if applied, err := store.MigrateShop(t.Context(), url); err != nil || len(applied) != 0 {
		t.Errorf("applied %d more, %v", len(applied), err)
	}
}

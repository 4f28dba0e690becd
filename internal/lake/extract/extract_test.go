package extract_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/store"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

func setup(t *testing.T) (*extract.Extractor, *store.DB) {
	t.Helper()
	world := stacktest.New(t)
	db, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	objects, err := lake.Open(world.ObjectStore)
	if err != nil {
		t.Fatal(err)
	}
	return &extract.Extractor{Pool: db.Pool, Store: objects, Scratch: t.TempDir()}, db
}

func request(try int) extract.Request {
	return extract.Request{RunID: "01932b6e-0000-7000-8000-000000000000", Interval: lake.Span{From: 20000, To: 20001}, Try: try}
}

func silent(string, int64, int, int) {}

// strange are columns that a table of the shop may gain, and what of them is carried.
var strange = []struct{ name, added, carriedAs, carried string }{
	{"motto", "text default 'Fiat lux'", "text", "Fiat lux"},
	{"score", "double precision default 0.1", "text", "0.1"},
	{"tags", "text[] default '{new,\"very, very new\"}'", "text", `{new,"very, very new"}`},
	{"mood", "fixture_mood default 'glad'", "text", "glad"},
	{"weight", "numeric default 12345678901234567890.123456789", "text", "12345678901234567890.123456789"},
	{"volume", "numeric(19, 2) default 99999999999999999.99", "text", "99999999999999999.99"},
	{"seen", "timestamp default '2026-03-01 10:00:00.5'", "text", "2026-03-01 10:00:00.5"},
	{"address", "inet default '10.0.0.1/8'", "text", "10.0.0.1/8"},
	{"Odd \"name\"", "bytea default '\\x00ff'", "text", `\x00ff`},
	{"nothing", "interval", "text", ""},
	{"credit", "numeric(9, 2) default 1.5", "numeric(9,2)", "1.50"},
	{"share", "numeric(9, 2) default 'NaN'", "numeric(9,2)", ""},
	{"since", "date default '2026-03-01'", "date", "2026-03-01"},
	{"until", "timestamptz default 'infinity'", "timestamptz", ""},
	{"outside", "bigint default 9223372036854775807", "bigint", "9223372036854775807"}, // of which two have no sum
}

func TestNewColumnIsCarriedAndReported(t *testing.T) {
	t.Parallel()
	extractor, db := setup(t)
	if _, err := db.Pool.Exec(t.Context(), "create type fixture_mood as enum ('glad', 'sad'); insert into catalog.vendors (vendor_name, region) values ('One', 'PT'), ('Two', 'PT')"); err != nil {
		t.Fatal(err)
	}
	before := request(1)
	before.RunID = "01932b6e-0000-7000-8000-000000000001"
	if snapshot, err := extractor.Run(t.Context(), before, silent); err != nil || snapshot.Drift != nil {
		t.Fatalf("reported %v, %v", snapshot.Drift, err)
	}
	var reported []string
	for _, column := range strange {
		if _, err := db.Pool.Exec(t.Context(), "alter table catalog.vendors add column "+pgx.Identifier{column.name}.Sanitize()+" "+column.added); err != nil {
			t.Fatal(err)
		}
		reported = append(reported, "vendors."+column.name)
	}
	snapshot, err := extractor.Run(t.Context(), request(1), silent)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(snapshot.Drift, reported) {
		t.Errorf("reported %v", snapshot.Drift)
	}
	for _, table := range snapshot.Tables {
		if table.Table == "vendors" {
			carries(t, extractor, table)
		}
		for _, column := range table.Columns {
			if secrets[table.Table+"."+column.Name] {
				t.Errorf("%s.%s left the shop", table.Table, column.Name)
			}
		}
	}
}

// carries looks for the strange columns in what was copied of the vendors.
func carries(t *testing.T, extractor *extract.Extractor, vendors *lake.Manifest) {
	t.Helper()
	if total := lake.Total(vendors.Parts); total.Rows != 2 || !total.Equal(*vendors.Control) {
		t.Errorf("copied %+v of two vendors, of whom Postgres counted %+v", total, vendors.Control)
	}
	var rows []lake.Row
	for i, part := range vendors.Parts {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if _, err := extractor.Store.Fetch(t.Context(), lake.Raw, part.Key, path); err != nil {
			t.Fatal(err)
		}
		if err := lake.ReadRows(path, 0, func(_ int64, row lake.Row) bool { rows = append(rows, row); return true }); err != nil {
			t.Fatal(err)
		}
	}
	for _, column := range strange {
		if !slices.Contains(vendors.Columns, lake.Column{Name: column.name, Type: column.carriedAs}) {
			t.Errorf("vendors has no %s as %s: %v", column.name, column.carriedAs, vendors.Columns)
		}
		for _, row := range rows {
			value := ""
			if row[column.name] != nil {
				value = fmt.Sprint(row[column.name])
			}
			if value != column.carried {
				t.Errorf("%s %s is carried as %v", column.name, column.added, row[column.name])
			}
		}
	}
}

var secrets = map[string]bool{
	"payments.token": true, "orders.shipping_address": true, "orders.notes": true, "shipments.label_url": true,
	"shipments.cancel_reason": true, "order_events.data": true,
}

func TestRemovedOrRetypedColumnStopsBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for change, says := range map[string]string{
		"alter table catalog.reviews drop column title":                                 "reviews broke its contract (sql/sources/reviews.sql): column title is gone",
		"alter table catalog.stock_ledger alter column reason type varchar":             "column reason is varchar, not text",
		"alter table identity.customers alter column birth_date type date[] using null": "birth_date",
		"alter table catalog.reviews rename to opinions":                                "catalog.reviews",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			extractor, db := setup(t)
			if _, err := db.Pool.Exec(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			_, err := extractor.Run(t.Context(), request(1), silent)
			var contract *extract.ContractError
			if !errors.As(err, &contract) || !strings.Contains(err.Error(), says) {
				t.Errorf("extracted with %v", err)
			}
			if keys, err := extractor.Store.Keys(t.Context(), lake.Raw, ""); err != nil || len(keys) > 0 {
				t.Errorf("wrote %v, %v", keys, err)
			}
		})
	}
}

func TestLargeTableIsCopiedInRangesOfBlocks(t *testing.T) {
	t.Parallel()
	extractor, db := setup(t)
	extractor.BlocksPerRange = 3
	const customers = 2000
	if _, err := db.Pool.Exec(t.Context(), `insert into identity.customers (first_name, last_name, email)
		select 'Given' || g, 'Family', 'person' || g || '@example.org' from generate_series(1, $1) as g`, customers); err != nil {
		t.Fatal(err)
	}
	// A row that is written again moves to another block, and leaves a hole in its own.
	if _, err := db.Pool.Exec(t.Context(), "update identity.customers set city = repeat('x', 100) where id % 3 = 0"); err != nil {
		t.Fatal(err)
	}
	snapshot, err := extractor.Run(t.Context(), request(1), silent)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range snapshot.Tables {
		total := lake.Total(table.Parts)
		if !total.Equal(*table.Control) {
			t.Errorf("%s: parts have %v, Postgres counted %v", table.Table, total, table.Control)
		}
		if table.Table == "customers" && (len(table.Parts) < 5 || total.Rows != customers) {
			t.Errorf("%d customers lie in %d parts", total.Rows, len(table.Parts))
		}
	}
}

func TestExtractIsFrozenOnce(t *testing.T) {
	t.Parallel()
	extractor, db := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	copies := 0
	if _, err := extractor.Run(ctx, request(1), func(_ string, _ int64, done, _ int) {
		if copies = max(copies, done); done == 5 {
			cancel() // the first try dies in the middle
		}
	}); err == nil || copies < 5 {
		t.Fatalf("the first try did %d copies and ended with %v", copies, err)
	}
	if frozen, err := extractor.Store.Frozen(t.Context(), request(1).RunID); frozen != nil || err != nil {
		t.Fatalf("the first try froze %v, %v", frozen, err)
	}
	if _, err := db.Pool.Exec(t.Context(), "insert into catalog.vendors (vendor_name, region) values ('Between', 'PT')"); err != nil {
		t.Fatal(err)
	}
	clock := func() (at time.Time) {
		t.Helper()
		if err := db.Pool.QueryRow(t.Context(), "select clock_timestamp()").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	began := clock()
	second, err := extractor.Run(t.Context(), request(2), silent)
	if err != nil {
		t.Fatal(err)
	}
	if at := second.ExtractedAt; at.Before(began) || at.After(clock()) {
		t.Errorf("the second try says it was at %s, and began at %s", at, began)
	}
	if _, err := db.Pool.Exec(t.Context(), "insert into catalog.vendors (vendor_name, region) values ('After', 'PT')"); err != nil {
		t.Fatal(err)
	}
	third, err := extractor.Run(t.Context(), request(3), silent)
	if err != nil {
		t.Fatal(err)
	}
	if third.Mark != second.Mark || third.ExtractedAt != second.ExtractedAt || len(third.Tables) != len(second.Tables) {
		t.Errorf("a later try froze another snapshot: %+v, not %+v", third.Mark, second.Mark)
	}
	for _, table := range third.Tables {
		if table.Table == "vendors" && table.Control.Rows != 1 {
			t.Errorf("%d vendors are frozen", table.Control.Rows)
		}
		for _, part := range table.Parts {
			if err := extractor.Store.Download(t.Context(), lake.Raw, part, filepath.Join(t.TempDir(), "part")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestExtractsThatShareFewConnectionsAllEnd(t *testing.T) {
	t.Parallel()
	const extracts = 4
	for _, connections := range []int32{1, 2, 5} {
		t.Run(fmt.Sprintf("%d connections", connections), func(t *testing.T) {
			t.Parallel()
			world := stacktest.New(t)
			world.Database.MaxConns = connections
			db, err := store.Open(t.Context(), world.Database)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			objects, err := lake.Open(world.ObjectStore)
			if err != nil {
				t.Fatal(err)
			}
			extractor := &extract.Extractor{Pool: db.Pool, Store: objects, Scratch: t.TempDir()}
			if _, err := db.Pool.Exec(t.Context(), "insert into catalog.vendors (vendor_name, region) values ('One', 'PT')"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			group, ctx := errgroup.WithContext(ctx)
			for number := range extracts {
				asked := request(1)
				asked.RunID = fmt.Sprintf("01932b6e-0000-7000-8000-%012d", number)
				group.Go(func() error {
					snapshot, err := extractor.Run(ctx, asked, silent)
					if err != nil {
						return err
					}
					for _, table := range snapshot.Tables {
						if table.Control == nil || !lake.Total(table.Parts).Equal(*table.Control) {
							t.Errorf("%s: parts have %v, Postgres counted %v", table.Table, lake.Total(table.Parts), table.Control)
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			if stat := db.Pool.Stat(); stat.AcquiredConns() != 0 || stat.MaxConns() != connections {
				t.Errorf("%d of %d connections are still taken", stat.AcquiredConns(), stat.MaxConns())
			}
		})
	}
}

func TestServerThatEndsTheSessionIsNoBrokenContract(t *testing.T) {
	t.Parallel()
	extractor, db := setup(t)
	holder, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := holder.Exec(t.Context(), "lock table catalog.reviews in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := extractor.Run(t.Context(), request(1), silent)
		ended <- err
	}()
	const terminate = `select count(pg_terminate_backend(pid)) from pg_stat_activity
		where wait_event_type = 'Lock' and datname = current_database()`
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for terminated := 0; terminated == 0; {
		if err := db.Pool.QueryRow(t.Context(), terminate).Scan(&terminated); err != nil {
			t.Fatal(err)
		}
		<-look.C
	}
	var contract *extract.ContractError
	if err := <-ended; err == nil || errors.As(err, &contract) || !strings.Contains(err.Error(), "describe reviews") {
		t.Errorf("ended with %v, want an error that is tried again", err)
	}
}

package warehouse_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/warehouse"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// bench is an empty warehouse.
type bench struct {
	*warehouse.DB
	t *testing.T
}

func setup(t *testing.T) *bench {
	t.Helper()
	return open(t, stacktest.New(t).Warehouse)
}

func open(t *testing.T, s settings.Warehouse) *bench {
	t.Helper()
	db, err := warehouse.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &bench{DB: db, t: t}
}

func (b *bench) publish(p warehouse.Publication) warehouse.Published {
	b.t.Helper()
	done, err := b.Publish(b.t.Context(), p)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func (b *bench) exec(statement string) {
	b.t.Helper()
	if _, err := b.Pool.Exec(b.t.Context(), statement); err != nil {
		b.t.Fatal(err)
	}
}

// text is the answer of a query with one field.
func (b *bench) text(query string) string {
	b.t.Helper()
	var answer string
	if err := b.Pool.QueryRow(b.t.Context(), "select coalesce(("+query+")::text, 'null')").Scan(&answer); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

func (b *bench) want(query, want string) {
	b.t.Helper()
	if got := b.text(query); got != want {
		b.t.Errorf("%s is %s, want %s", query, got, want)
	}
}

// wantStanding expects what a publication with these closing units leaves.
func (b *bench) wantStanding(closing string) {
	b.t.Helper()
	b.want("select string_agg(distinct closing::text, ',') from warehouse.stock_daily", closing)
	b.want("select string_agg(vendor_id::text, ',' order by vendor_id) from warehouse.vendor", "1,"+closing)
}

// eventually waits until a query answers true.
func (b *bench) eventually(query string) {
	b.t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for b.text(query) != "true" {
		select {
		case <-look.C:
		case <-deadline.C:
			b.t.Fatalf("waited in vain: %s", query)
		}
	}
}

// connect opens a connection of its own.
func (b *bench) connect() *pgx.Conn {
	b.t.Helper()
	conn, err := pgx.ConnectConfig(b.t.Context(), b.Pool.Config().ConnConfig)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(b.t.Context())) })
	return conn
}

// holdMark has publishes wait after they have put everything in place, until release.
func (b *bench) holdMark() (release func()) {
	b.t.Helper()
	holder := b.connect()
	if _, err := holder.Exec(b.t.Context(), "begin; lock table warehouse.mark in exclusive mode"); err != nil {
		b.t.Fatal(err)
	}
	return func() { _ = holder.Close(context.WithoutCancel(b.t.Context())) }
}

func (b *bench) awaitMark() {
	b.t.Helper()
	b.eventually(`select exists (select from pg_stat_activity
		where wait_event_type = 'Lock' and datname = current_database() and query like '%move_mark%')`)
}

package warehouse_test

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/warehouse"
	"mercado/internal/warehouse/warehousedb"
)

// replay is a further execution of the publication's run, which made these closing units.
func (b *bench) replay(p warehouse.Publication, closing int) warehouse.Publication {
	p.Execution++
	return b.staged(p, closing)
}

func TestExecutionThatPublishedTellsSoAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	want := warehouse.Published{Rows: 4, Days: 2}
	for _, when := range []string{"first", "again"} {
		if done := b.publish(p); !reflect.DeepEqual(done, want) {
			t.Errorf("%s: %+v, want %+v", when, done, want)
		}
	}
	b.want("select count(*) from warehouse.publications", "1")
}

func TestReplayThatMadeTheSamePublishesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	done := b.publish(p)
	before := b.text("select string_agg(xmin::text, ',' order by date_id) from warehouse.stock_daily")
	done.Already = true
	if again := b.publish(b.replay(p, 5)); !reflect.DeepEqual(again, done) {
		t.Errorf("%+v, want %+v", again, done)
	}
	b.want("select string_agg(xmin::text, ',' order by date_id) from warehouse.stock_daily", before)
	b.want("select count(*) from warehouse.publications", "1")
}

func TestWhatTheLastExecutionMadeStands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	b.publish(p)
	for _, closing := range []int{6, 5, 5, 6} {
		p = b.replay(p, closing)
		b.publish(p)
		b.wantStanding(map[int]string{5: "5", 6: "6"}[closing])
	}
	late := p
	late.Execution-- // the one before, which published nothing
	if _, err := b.Publish(t.Context(), late); err == nil {
		t.Error("an execution has published after a later one")
	}
	b.wantStanding("6")
}

func TestReplayMendsADayThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	b.publish(p)
	b.exec("delete from warehouse.stock_daily where date_id = 20241005")
	if done := b.publish(b.replay(p, 5)); done.Already || done.Days != 1 || done.Rows != 1 {
		t.Errorf("%+v", done)
	}
	b.want("select count(*) from warehouse.stock_daily", "2")
}

// slowCommit makes commits of a publish wait until release.
func (b *bench) slowCommit() (release func()) {
	b.t.Helper()
	b.exec(`create function warehouse.wait() returns trigger language plpgsql as $$
		begin perform pg_advisory_xact_lock_shared(7, 7); return null; end $$`)
	b.exec(`create constraint trigger wait after insert on warehouse.publications
		deferrable initially deferred for each row execute function warehouse.wait()`)
	holder := b.connect()
	if _, err := holder.Exec(b.t.Context(), "begin; select pg_advisory_xact_lock(7, 7)"); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if _, err := holder.Exec(b.t.Context(), "rollback"); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) awaitCommit() {
	b.t.Helper()
	b.eventually(`select exists (select from pg_stat_activity
		where wait_event_type = 'Lock' and datname = current_database() and query = 'commit')`)
}

// publishing publishes in the background and sends what came of it.
func (b *bench) publishing(ctx context.Context, db *warehouse.DB, p warehouse.Publication) <-chan error {
	ended := make(chan error, 1)
	go func() {
		done, err := db.Publish(ctx, p)
		if err == nil && done.Rows != 4 {
			err = errors.New("does not tell the rows it published")
		}
		ended <- err
	}()
	return ended
}

func TestCancelDuringTheCommitDoesNotHideThatItHappened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	release := b.slowCommit()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := b.publishing(ctx, b.DB, p)
	b.awaitCommit()
	cancel()
	release()
	if err := <-ended; err != nil {
		t.Errorf("published, and says %v", err)
	}
	b.wantStanding("5")
}

func TestCancelBeforeTheCommitPublishesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	release := b.holdMark()
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	ended := b.publishing(ctx, b.DB, p)
	b.awaitMark()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("was cancelled, and says %v", err)
	}
	b.want("select count(*) from warehouse.stock_daily", "0")
}

// losing is a connection that breaks instead of passing on what the server says once lost is true.
// Closing it would not do: the driver then asks the server to cancel, which may overtake the commit.
type losing struct {
	net.Conn
	lost *atomic.Bool
}

func (c losing) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	if c.lost.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAnswerOfTheCommitIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	release := b.slowCommit()
	config := b.Pool.Config()
	dial := config.ConnConfig.DialFunc
	var lost atomic.Bool
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil || lost.Load() {
			return conn, err
		}
		return losing{conn, &lost}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	ended := b.publishing(t.Context(), &warehouse.DB{Pool: pool, Queries: warehousedb.New(pool), LockTimeout: b.LockTimeout}, p)
	b.awaitCommit()
	lost.Store(true)
	release()
	if err := <-ended; err != nil {
		t.Errorf("published, and says %v", err)
	}
	b.wantStanding("5")
	b.want("select count(*) from warehouse.publications", "1")
}

func TestPublishWaitsForAnotherHoweverLongThatTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.publication("10:20:", "", 5)
	other := b.connect()
	if _, err := other.Exec(t.Context(), "begin; select pg_advisory_xact_lock(1835365985, hashtext('warehouse.publish'))"); err != nil {
		t.Fatal(err)
	}
	b.LockTimeout = 50 * time.Millisecond
	ended := b.publishing(t.Context(), b.DB, p)
	b.eventually(`select exists (select from pg_stat_activity where wait_event = 'advisory'
		and datname = current_database() and clock_timestamp() > query_start + interval '200 ms')`)
	if _, err := other.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

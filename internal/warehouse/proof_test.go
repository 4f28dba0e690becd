package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/warehouse"
)

// A publish proves by itself that what stands is what was reconciled. Each case changes something
// behind its back: what was staged, the days of the run, or, by a trigger, what arrives.
func TestPublishRefusesWhatWasNotReconciled(t *testing.T) {
	t.Parallel()
	const lose = `create function lose() returns trigger language plpgsql as $$ begin %s end $$;
		create trigger lose before insert on warehouse.%s for each row when (new.%s) execute function lose()`
	for name, test := range map[string]struct {
		change string // %[1]s is the staged facts, %[2]s the staged vendors
		days   lake.Span
		says   string
	}{
		"staging emptied": {change: "truncate %[1]s",
			says: "rows of stock_daily on 20241004: 1 in reconcile, 0 in staging (-1)"},
		"a row less staged": {change: "delete from %[1]s where date_id = 20241005",
			says: "rows of stock_daily on 20241005: 1 in reconcile, 0 in staging (-1)"},
		"a unit less staged": {change: "update %[1]s set closing = closing - 1 where date_id = 20241005",
			says: "closing of stock_daily on 20241005: 6 in reconcile, 5 in staging (-1)"},
		"a row moved to another day": {change: "update %[1]s set date_id = 20241005, item_id = 2 where date_id = 20241004",
			says: "rows of stock_daily on 20241005: 1 in reconcile, 2 in staging (+1)"},
		"a dimension emptied": {change: "truncate %[2]s",
			says: "rows of vendor: 2 in reconcile, 0 in staging (-2)"},
		"a staged day that is not the run's": {days: lake.Span{From: 20000, To: 20001},
			says: "rows of stock_daily on 20241005: 1 in reconcile, 0 in the run's days (-1)"},
		"a row that does not arrive": {change: fmt.Sprintf(lose, "return null;", "stock_daily", "date_id = 20241005"),
			says: "rows of stock_daily on 20241005: 1 in reconcile, 0 in warehouse (-1)"},
		"a unit that does not arrive": {change: fmt.Sprintf(lose, "new.closing := 5; return new;", "stock_daily", "date_id = 20241005"),
			says: "closing of stock_daily on 20241005: 6 in reconcile, 5 in warehouse (-1)"},
		"a vendor that does not arrive": {change: fmt.Sprintf(lose, "return null;", "vendor", "is_active"),
			says: "rows of vendor: 2 in reconcile, 1 in warehouse (-1)"},
		"a vendor who arrives under another name": {
			change: fmt.Sprintf(lose, "new.vendor_name := 'x'; return new;", "vendor", "is_active"),
			says:   "rows of vendor: 2 in reconcile, 1 in warehouse (-1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.publish(b.publication("10:20:", "", 5))
			p := b.publication("10:30:", "10:20:", 6)
			if test.days.Len() > 0 {
				p.Tables[0].Days = []lake.Span{test.days}
			}
			staged := func(table string) string {
				return "staging." + b.text(fmt.Sprintf("select staging.name_of('%s', '%s', 1)", table, p.RunID))
			}
			if test.change != "" {
				b.exec(strings.NewReplacer("%[1]s", staged("stock_daily"), "%[2]s", staged("vendor")).Replace(test.change))
			}
			_, err := b.Publish(t.Context(), p)
			var differences *warehouse.ReconcileError
			if !errors.As(err, &differences) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("publish says %v, want %s", err, test.says)
			}
			b.wantStanding("5")
			b.want("select snapshot from warehouse.mark", "10:20:")
		})
	}
}

func TestRefusedRowIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec("alter table warehouse.stock_daily add unique (item_id, closing)")
	_, err := b.Publish(t.Context(), b.publication("10:20:", "", 5)) // the same on both days
	var refused *warehouse.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "publish stock_daily") || !strings.Contains(err.Error(), "(item_id, closing)=(1, 5) already exists") {
		t.Errorf("publish says %v", err)
	}

	p := b.publication("10:20:", "", 6)
	b.exec("alter table warehouse.stock_daily add constraint nobody check (closing < 0)")
	_, err = b.Publish(t.Context(), p)
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), `violates check constraint "nobody"`) || strings.Contains(err.Error(), "Failing row") {
		t.Errorf("publish says %v: the constraint, and no values of the row", err)
	}
}

// A shop restored to an earlier time knows nothing of the transactions the mark speaks of: what has
// changed since cannot be told.
func TestShopThatWasSetBackIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(b.publication("10:2000:", "", 5))
	_, err := b.Publish(t.Context(), b.publication("10:30:", "10:2000:", 6))
	var refused *warehouse.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "restored from a backup") {
		t.Errorf("publish says %v", err)
	}
	b.wantStanding("5")
}

// What is staged must outlive the server's death, or the publish after it would have nothing.
func TestStagedRowsOutliveACrashOfTheServer(t *testing.T) {
	t.Parallel()
	ports, err := devstack.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	server := devstack.Postgres{Home: t.TempDir(), Port: devstack.Port{Number: ports[0]}}
	process, err := server.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Kill(); <-process.Done() })
	url := server.URL("mercado")
	if _, err := store.MigrateWarehouse(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	b := open(t, settings.Warehouse{URL: url, LockTimeout: time.Minute})
	p := b.publication("10:20:", "", 5)
	release := b.holdMark()
	ended := make(chan error, 1)
	go func() {
		_, err := b.Publish(t.Context(), p)
		ended <- err
	}()
	b.awaitMark()
	process.Kill()
	<-process.Done()
	if err := <-ended; err == nil {
		t.Error("published on a server that was dead")
	}
	release()
	if process, err = server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Pool.Reset()
	b.want("select count(*) from warehouse.stock_daily", "0")
	if done := b.publish(p); done.Rows != 4 || done.Days != 2 {
		t.Errorf("%+v", done)
	}
	b.wantStanding("5")
}

func TestReadersSeeAllOrNothingAndNeverWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(b.publication("10:20:", "", 5))
	const before, after = "5,5 of 1,5", "6,6 of 1,6"
	seen := make(chan string)
	reader := b.connect()
	if _, err := reader.Exec(t.Context(), "set lock_timeout = '100 ms'"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- poll(ctx, reader, seen) }()

	release := b.holdMark()
	published := b.publishing(t.Context(), b.DB, b.publication("10:30:", "10:20:", 6))
	b.awaitMark()
	for range 200 { // while the publish has put everything in place and has not committed
		if got := <-seen; got != before {
			t.Fatalf("a reader sees %s during a publish", got)
		}
	}
	release()
	for got := range seen {
		if got == after {
			break
		}
		if got != before {
			t.Fatalf("a reader sees %s", got)
		}
	}
	stop()
	if err := errors.Join(<-published, <-ended); err != nil {
		t.Error(err)
	}
}

// poll reads both tables at once, again and again.
func poll(ctx context.Context, reader *pgx.Conn, seen chan<- string) error {
	const query = `select (select string_agg(closing::text, ',') from warehouse.stock_daily) || ' of ' ||
		(select string_agg(vendor_id::text, ',' order by vendor_id) from warehouse.vendor)`
	defer close(seen)
	for {
		var got string
		if err := reader.QueryRow(context.WithoutCancel(ctx), query).Scan(&got); err != nil {
			return err
		}
		select {
		case seen <- got:
		case <-ctx.Done():
			return nil
		}
	}
}

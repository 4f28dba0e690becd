package etl_test

import (
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/activities/etl"
)

// Each case holds a lock that the run comes to, sees it wait there, kills the worker, and lets
// another finish the run.
func TestRunOfAKilledWorkerIsFinishedByAnother(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		hold    string // a statement that takes the lock
		waiting string // whether a run waits for it
	}{
		{
			name: "in the middle of the extract",
			hold: "lock table catalog.reviews in access exclusive mode",
			waiting: `select exists (select from pg_stat_activity where wait_event_type = 'Lock'
				and datname = current_database() and query like '%catalog.reviews%')`,
		},
		{
			name: "in the middle of the load",
			hold: "lock table warehouse.sales in access exclusive mode",
			waiting: `select exists (select from pg_stat_activity where wait_event_type = 'Lock'
				and datname = current_database() and query like '%staging.open%')`,
		},
		{
			name: "in the middle of the publish",
			hold: "lock table warehouse.mark in exclusive mode",
			waiting: `select exists (select from pg_stat_activity where wait_event_type = 'Lock'
				and datname = current_database() and query like '%move_mark%')`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := setupWithoutWorker(t)
			p.exec("select fixture.place('2026-03-01', 30)")
			holder, err := pgx.Connect(t.Context(), p.world.Database.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = holder.Close(t.Context()) }()
			if _, err := holder.Exec(t.Context(), "begin; "+test.hold); err != nil {
				t.Fatal(err)
			}

			victim := p.workProcess()
			run := newRun(span(t, "2026-03-01", "2026-03-02"))
			started := p.start(run, etl.Extract)
			p.eventually("the run waits for the lock", func() bool { return p.text(test.waiting) == "true" })
			victim.kill()
			if _, err := holder.Exec(t.Context(), "rollback"); err != nil {
				t.Fatal(err)
			}
			p.want("select count(*) from warehouse.sales", "0")
			p.want("select state from etl.runs", etl.Running)

			p.workProcess()
			if _, err := p.finish(started); err != nil {
				t.Fatal(err)
			}
			p.same(warehouseRevenue, shopRevenue)
			p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
			p.want("select count(*) from warehouse.publications", "1")
			p.want("select state from etl.runs", etl.Succeeded)
			p.want("select count(*) from etl.steps where state <> 'succeeded'", "0")
			p.want("select max(tries) >= 2 from etl.steps", "true")
			if left, err := filepath.Glob(filepath.Join(p.world.Home, "scratch", "etl", "*", "*")); err != nil || len(left) > 0 {
				t.Errorf("left on disk: %v, %v", left, err)
			}
		})
	}
}

package etl_test

import (
	"context"
	"testing"
	"time"

	"mercado/activities/etl"
)

func TestRunEndsWhileSomebodyReadsWhatIsStaged(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 3)")
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	p.exec("select staging.open('sales', $1, 0)", run.ID) // as an execution that died would have left it
	reader := p.holdBy("select * from staging." + p.text("select staging.name_of('sales', $1, 0)", run.ID))
	defer reader()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := p.start(run, etl.Extract).Get(ctx, nil); err != nil {
		t.Fatal(err)
	}
	p.want("select state from etl.runs", etl.Succeeded)
	const staged = "select string_agg(left(relname, 6) || right(relname, 2), ' ') from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'"
	p.want(staged, "sales__0") // and of what the run has staged itself, nothing
	p.same(warehouseRevenue, shopRevenue)

	p.age(run)
	if err := p.startPruneOf(0, false).Get(ctx, nil); err != nil {
		t.Fatal(err)
	}
	p.want(staged, "sales__0")
	reader()
	p.pruned(p.startPruneOf(0, false))
	p.want(staged, "null")
}

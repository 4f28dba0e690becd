package etl_test

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/workflows"
)

func TestBackfillIsCutIntoMonths(t *testing.T) {
	t.Parallel()
	for days, want := range map[[2]string][]lake.Span{
		{"2024-01-15", "2024-01-16"}: {span(t, "2024-01-15", "2024-01-16")},
		{"2023-12-31", "2024-03-01"}: {
			span(t, "2023-12-31", "2024-01-01"), span(t, "2024-01-01", "2024-02-01"), span(t, "2024-02-01", "2024-03-01"),
		},
	} {
		if got := etl.Months(span(t, days[0], days[1])); !reflect.DeepEqual(got, want) {
			t.Errorf("%v are %v", days, got)
		}
	}
}

// failing has models fail of the days that are given.
type failing struct {
	model.Engine
	days atomic.Pointer[lake.Span]
}

func (f *failing) Run(ctx context.Context, job model.Job) (*model.Result, error) {
	if days := f.days.Load(); days != nil && *days == job.Interval && job.Model.Name == "sales" {
		return nil, &model.CheckError{Model: job.Model.Table, Failures: map[string]int64{"made_up": 1}}
	}
	return f.Engine.Run(ctx, job)
}

func (p *pipeline) backfill(from, to string, parallel int) (*workflows.BackfillProgress, error) {
	p.t.Helper()
	started, err := workflows.StartBackfill(p.t.Context(), p.temporal, p.queue(), workflows.BackfillInput{
		Days: span(p.t, from, to), Parallel: parallel, Tries: tries,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var progress *workflows.BackfillProgress
	return progress, started.Get(p.t.Context(), &progress)
}

// undoAll rolls everything back that was published.
func (p *pipeline) undoAll() {
	p.t.Helper()
	first := uuid.MustParse(p.text("select run_id from warehouse.publications where rolled_back_at is null order by number limit 1"))
	if _, err := p.rollback(&first, true); err != nil {
		p.t.Fatal(err)
	}
	p.want("select count(*) from warehouse.sales", "0")
}

func TestBackfillEqualsOneRun(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	engine := &failing{Engine: p.Engine}
	p.Engine = engine
	p.work(p.Activities)
	for _, day := range []string{"2026-01-05", "2026-01-20", "2026-02-10", "2026-02-28", "2026-03-01", "2026-03-09"} {
		p.exec("select fixture.place($1, 4)", day)
	}
	p.load("2026-01-05", "2026-03-10")
	p.same(warehouseTakings, shopTakings)
	whole := p.standing()
	p.undoAll()

	progress, err := p.backfill("2026-01-05", "2026-03-10", 1)
	if err != nil || progress.Done != 0 || len(progress.Months) != 3 {
		t.Fatalf("one month at a time: %+v, %v", progress, err)
	}
	p.wantStanding(whole, "versions", "mark") // runs and marks are others
	p.want("select string_agg(concat_ws(' ', interval_from, scope, state), ', ' order by interval_from) from etl.runs where trigger = 'backfill'",
		"2026-01-05 facts succeeded, 2026-02-01 facts succeeded, 2026-03-01 all succeeded")
	p.want("select string_agg(distinct interval_to::text, ',') from warehouse.versions where table_name in ('takings', 'customer')", "2026-03-10")
	p.undoAll()

	// A month that fails is named, and keeps the last from being loaded but not the others.
	february := span(t, "2026-02-01", "2026-03-01")
	engine.days.Store(&february)
	_, err = p.backfill("2026-01-05", "2026-03-10", 3)
	if err == nil || !strings.Contains(err.Error(), "not loaded: 2026-02-01 to 2026-03-01") || !strings.Contains(err.Error(), "made_up") || strings.Contains(err.Error(), "2026-01-05 to") {
		t.Fatalf("the backfill ended with %v", err)
	}
	p.want("select count(*) from warehouse.takings", "0")
	p.want("select string_agg(distinct date_id::text, ',' order by date_id::text) from warehouse.sales", "20260105,20260120")
	engine.days.Store(nil)
	progress, err = p.backfill("2026-01-05", "2026-03-10", 3)
	if err != nil || progress.Done != 1 || len(progress.Months) != 2 {
		t.Fatalf("asked for again: %+v, %v", progress, err)
	}
	p.wantStanding(whole, "versions", "mark")

	// One that came to its end begins anew.
	if progress, err = p.backfill("2026-01-05", "2026-03-10", 3); err != nil || progress.Done != 0 {
		t.Errorf("after its end: %+v, %v", progress, err)
	}
	p.wantStanding(whole, "versions", "mark")
}

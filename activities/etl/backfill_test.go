package etl_test

import (
	"context"
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/seed"
	"mercado/workflows"
)

//go:embed testdata/metrics.sql
var metricsFixture string

// Every value of every metric, as it stands in the warehouse after a backfill of two years of a shop and a run
// of its last days, with late changes between them, is what a count of the shop's own rows in plain Go gives.
// It takes longest of all tests here, and so is the first of the first file.
func TestEveryMetricEqualsASecondCount(t *testing.T) {
	t.Parallel()
	p := setupEmpty(t)
	p.Parameters = lake.Parameters{CLVExpectedMonths: 18, CLVAcquisitionCost: 1234}
	engine := &failing{Engine: p.Engine}
	p.Engine = engine
	stop := p.work(p.Activities)
	asOf := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	if _, err := seed.Run(t.Context(), p.Shop.Pool, seed.Options{Until: asOf.AddDate(0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	p.exec(metricsFixture)
	p.backfillEqualsOneRun(engine, "2024-03-01", "2026-02-28")
	p.exec(`update ordering.orders set status = 'cancelled', cancel_reason = 'late' where id = 'eeeeeeee-0000-7000-8000-000000000014'`)
	p.exec(`update ordering.refunds set status = 'completed', completed_at = '2026-03-01' where id = 'ffffffff-0000-7000-8000-000000000001'`)
	run, _ := p.load("2026-02-28", "2026-03-02")

	books := p.books(asOf)
	for table, want := range map[string]struct {
		key  []string
		rows counted
	}{
		"customer_analytics":  {[]string{"customer_id"}, books.customerAnalytics(18, 1234)},
		"product_performance": {[]string{"item_id"}, books.productPerformance()},
		"sales_metrics":       {[]string{"period", "period_start"}, books.salesMetrics()},
		"cohorts":             {[]string{"cohort_month", "months_since"}, books.cohorts()},
		"operational_metrics": {[]string{"metric", "dimension", "member"}, books.operationalMetrics()},
	} {
		p.compare(table, want.key, want.rows)
	}
	p.allThere()

	// Other settings are for other runs.
	stop()
	again := *p.Activities
	again.Parameters = lake.Parameters{CLVExpectedMonths: 1}
	p.work(&again)
	if _, err := p.replay(run, etl.Gold); err != nil {
		t.Fatal(err)
	}
	p.want("select string_agg(distinct clv_expected_months || ' ' || clv_acquisition_cost, ',') from warehouse.customer_analytics", "18 12.34")
	p.want("select count(*) from warehouse.publications where rolled_back_at is null", "25")
}

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

// backfillEqualsOneRun loads the days at once and, after that was undone, by a backfill of which a month fails
// before it is asked for again. What stands is the same, row by row.
func (p *pipeline) backfillEqualsOneRun(engine *failing, from, to string) {
	t := p.t
	days := span(t, from, to)
	months := etl.Months(days)
	p.load(from, to)
	p.exec("create schema kept")
	for _, m := range p.Models.Zone(lake.Gold) {
		p.exec("create table kept." + m.Name + " as table warehouse." + m.Name)
		p.want("select count(*) > 0 from kept."+m.Name, "true")
	}
	p.undoAll()

	// A month that fails is named, and keeps the last from being loaded but not the others.
	broken := months[len(months)/2]
	engine.days.Store(&broken)
	_, err := p.backfill(from, to, 3)
	if err == nil || strings.Count(err.Error(), " to ") != 1 || !strings.Contains(err.Error(), fmt.Sprintf("not loaded: %s to %s", broken.From, broken.To)) ||
		!strings.Contains(err.Error(), "made_up") {
		t.Fatalf("the backfill ended with %v", err)
	}
	p.want("select count(*) from warehouse.sales_metrics", "0")
	p.want("select count(distinct date_trunc('month', to_date(date_id::text, 'yyyymmdd'))) from warehouse.sales", fmt.Sprint(len(months)-2))
	engine.days.Store(nil)
	// A month is loaded as long as the warehouse has each of its days, with rows or without.
	loaded := func(want int) {
		if plan, err := p.PlanBackfill(p.t.Context(), days); err != nil || plan.Done != want {
			p.t.Errorf("planned again: %+v, %v, want %d months that are loaded", plan, err, want)
		}
	}
	loaded(len(months) - 2)
	p.exec("update warehouse.versions set table_name = 'lost' where table_name = 'refunds' and date_id = $1", days.From.DateID())
	loaded(len(months) - 3)
	p.exec("update warehouse.versions set table_name = 'refunds' where table_name = 'lost'")
	loaded(len(months) - 2)
	progress, err := p.backfill(from, to, 3)
	if err != nil || progress.Done != len(months)-2 || len(progress.Months) != 2 {
		t.Fatalf("asked for again: %+v, %v", progress, err)
	}
	p.want("select string_agg(distinct scope || ' ' || state, ', ') from etl.runs where trigger = 'backfill'",
		"all succeeded, facts failed, facts succeeded")
	for _, m := range p.Models.Zone(lake.Gold) {
		p.want("select count(*) from (table kept."+m.Name+" except all table warehouse."+m.Name+") as lost", "0")
		p.want("select count(*) from (table warehouse."+m.Name+" except all table kept."+m.Name+") as added", "0")
	}

	// One that came to its end begins anew.
	if plan, err := p.PlanBackfill(t.Context(), days); err != nil || plan.Done != 0 || len(plan.Runs) != len(months) {
		t.Errorf("after its end the plan is %+v, %v", plan, err)
	}
}

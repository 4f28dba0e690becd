package etl_test

import (
	"testing"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// A night that touches days of many weeks keeps each by itself, so that metrics do not read what later nights
// have taken over of them.
func TestMetricsReadOnlyWhatStandsOfANightThatTouchedManyDays(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	p.work(p.Activities)
	night := func(days ...string) etl.Run {
		t.Helper()
		p.exec("select fixture.place($1::date, 2)", days[0])
		run, _ := p.load(days[0], days[1])
		return run
	}
	touch := func(what string, to string) {
		t.Helper()
		p.exec("update ordering.orders set cancel_reason = $1, status = 'cancelled' where order_date >= '2026-01-01' and order_date < $2::timestamptz", what, to+" 00:00:00+00")
	}
	p.exec("select fixture.place(day::date, 2) from generate_series(date '2026-01-01', '2026-02-09', interval '1 day') as day")
	first, _ := p.load("2026-01-01", "2026-02-10")
	p.wantParts(first, "sales", 2) // January and February: its interval is of 40 days

	touch("late", "2026-02-10")
	many := night("2026-02-10", "2026-02-11")
	p.wantParts(many, "sales", 41)
	again, err := p.replay(many, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.Models.Zone(lake.Gold) {
		if p.manifest(many, lake.Gold, m.Name).ContentDigest() != p.manifest(again, lake.Gold, m.Name).ContentDigest() {
			t.Errorf("the replay has other bytes of %s", m.Table)
		}
	}

	touch("later", "2026-02-08") // two days of those that the night touched stand
	p.wantParts(night("2026-02-11", "2026-02-12"), "sales", 39)
	last := night("2026-02-12", "2026-02-13")
	p.same(warehouseTakings, shopTakings)
	p.same("select sum(rows_in) from etl.steps where table_name = 'takings' and step = 'gold' and run_id = '"+last.ID.String()+"'",
		"select count(*) from warehouse.sales")
	history, err := p.Store.History(t.Context(), last.ID.String(), last.Execution)
	if err != nil {
		t.Fatal(err)
	}
	sales, _ := history.Table("sales")
	if parts := len(sales.Parts()); parts != 42 || len(sales.Sources) != 2 {
		t.Errorf("it reads %d parts of %d runs", parts, len(sales.Sources))
	}
	for _, part := range sales.Parts() {
		if len(part.Days) > 0 {
			t.Errorf("of %s it reads only %v", part.Key, part.Days)
		}
	}
}

// wantParts expects so many parts of a table in zone gold.
func (p *pipeline) wantParts(run etl.Run, table string, parts int) {
	p.t.Helper()
	if made := p.manifest(run, lake.Gold, table).Parts; len(made) != parts {
		p.t.Errorf("the run of %s has %s in %d parts, want %d", run.Interval, table, len(made), parts)
	}
}

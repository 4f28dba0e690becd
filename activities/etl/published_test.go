package etl_test

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/sql/models"
)

// takings reads what has been published, as metrics do: by day, as of the run's last day.
const takings = `-- description: What was sold on each day up to the last of the run's interval.
-- grain: one row per day
-- key: date_id
-- publish: as-of
-- reads: published.sales
-- totals: lines, revenue
-- column date_id: The day.
-- column lines: Order lines.
-- column revenue: Their prices, of orders that are not cancelled.
-- column as_of: The last day.
select
    s.date_id,
    count(*) as lines,
    coalesce(sum(s.total_price) filter (where s.order_status <> 'cancelled'), 0)::decimal(18, 2) as revenue,
    (select i.to_day - 1 from run.interval as i) as as_of
from published.sales as s
group by s.date_id
`

const takingsTable = `create table warehouse.takings (
	date_id integer primary key, lines bigint not null, revenue numeric(18, 2) not null, as_of date not null)`

// Both ask for days, lines and revenue up to the day given.
const (
	warehouseTakings = `select string_agg(concat_ws(' ', date_id, lines, revenue), ', ' order by date_id) from warehouse.takings`
	shopTakings      = `select string_agg(concat_ws(' ', d.day, d.lines, d.revenue), ', ' order by d.day) from (
		select to_char(o.order_date at time zone 'UTC', 'YYYYMMDD') as day, count(*) as lines,
			coalesce(sum(i.total_price) filter (where o.status <> 'cancelled'), 0)::numeric(18, 2) as revenue
		from ordering.orders as o join ordering.order_items as i on i.order_id = o.id group by 1) as d`
)

// measuring adds the table takings to the models and to the warehouse.
func (p *pipeline) measuring() {
	p.t.Helper()
	files := fstest.MapFS{"gold/takings.sql": {Data: []byte(takings)}}
	for _, pattern := range []string{"clean/*.sql", "work/*.sql", "gold/*.sql"} {
		paths, err := fs.Glob(models.Files, pattern)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, path := range paths {
			text, err := fs.ReadFile(models.Files, path)
			if err != nil {
				p.t.Fatal(err)
			}
			files[path] = &fstest.MapFile{Data: text}
		}
	}
	set, err := model.Read(files)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Models = set
	p.exec(takingsTable)
}

func TestMetricsReadWhatWasPublishedWithTheRunsDaysInPlace(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	p.work(p.Activities)
	p.exec("select fixture.place('2026-01-25', 4), fixture.place('2026-02-10', 5), fixture.place('2026-02-11', 3)")
	p.load("2026-01-20", "2026-03-01") // parts are months
	p.same(warehouseTakings, shopTakings)

	// A day of the middle of a month changes late, and orders of days to come are no concern.
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-02-10' and status = 'confirmed'")
	p.exec("select fixture.place('2026-03-01', 6)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	p.same(warehouseTakings, shopTakings)
	p.want("select distinct as_of from warehouse.takings", "2026-03-01")

	made := p.manifest(run, lake.Gold, "takings")
	read := slices.IndexFunc(made.Inputs, func(i lake.Input) bool { return i.Zone == model.Published && i.Table == "sales" })
	history, err := p.Store.History(t.Context(), run.ID.String(), 1)
	if err != nil || read < 0 || made.Inputs[read].Execution != 1 {
		t.Fatalf("its manifest names %+v as inputs (%v)", made.Inputs, err)
	}
	sales, _ := history.Table("sales")
	if len(sales.Sources) != 1 || len(sales.Sources[0].Days) != 2 || len(sales.Sources[0].Parts) != 2 || len(sales.Sources[0].Parts[1].Days) != 2 {
		t.Errorf("of sales it reads %+v", sales)
	}

	// What was published since is of no concern to a replay.
	standing := p.text(warehouseTakings)
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-02-11' and status = 'confirmed'")
	p.load("2026-03-02", "2026-03-03")
	if p.text(warehouseTakings) == standing {
		t.Error("a late change does not show")
	}
	standing = p.text(warehouseTakings)
	again, err := p.replay(run, etl.Gold)
	if err != nil {
		t.Fatal(err)
	}
	if replayed := p.manifest(again, lake.Gold, "takings"); replayed.ContentDigest() != made.ContentDigest() {
		t.Error("the replay of a run reads another history than the run did")
	}
	p.want(warehouseTakings, standing)

	// Days before the last that is shown count, and do not turn it back.
	p.exec("select fixture.place('2026-01-05', 2)")
	p.load("2026-01-05", "2026-01-06")
	p.want(warehouseTakings, standing)
	p.load("2026-03-02", "2026-03-03")
	p.same(warehouseTakings, shopTakings)
}

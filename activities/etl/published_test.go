package etl_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/sql/models"
	"mercado/workflows"
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
	p.readModels(p.modelFiles())
	p.exec(takingsTable)
}

// modelFiles are those of the program, and takings.
func (p *pipeline) modelFiles() fstest.MapFS {
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
	return files
}

func (p *pipeline) readModels(files fstest.MapFS) {
	p.t.Helper()
	set, err := model.Read(files)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Models = set
}

func TestMetricsReadWhatWasPublishedWithTheRunsDaysInPlace(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	stop := p.work(p.Activities)
	p.exec("select fixture.place('2026-01-25', 4), fixture.place('2026-02-10', 5), fixture.place('2026-02-11', 3)")
	p.load("2026-01-20", "2026-03-01") // parts are months
	p.same(warehouseTakings, shopTakings)
	p.same("select array_agg((customer_id, valid_from, valid_to) order by 1) from warehouse.customer_history",
		"select array_agg((id, joined_at, null::timestamptz) order by 1) from identity.customers")
	p.exec("update catalog.products set price = 5.55, updated_at = now() where id = 1")
	p.exec("update catalog.products set price = 6.66, updated_at = now() where id = 1")

	// A day of the middle of a month changes late, and orders of days to come are no concern.
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-02-10' and status = 'confirmed'")
	p.exec("select fixture.place('2026-03-01', 6)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	p.same(warehouseTakings, shopTakings)
	p.want("select distinct as_of from warehouse.takings", "2026-03-01")
	p.same("select array_agg((valid_from, valid_to, price) order by valid_from) from warehouse.inventory_history where item_id = 1",
		"select array[(created_at, updated_at, 3.33), (updated_at, null::timestamptz, 6.66)] from catalog.products where id = 1")
	p.want("select count(*) from warehouse.inventory_history", "13")

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
	early, result := p.load("2026-01-05", "2026-01-06")
	p.want(warehouseTakings, standing)
	if tables, told, found := strings.Cut(result.Note, " stay as of 2026-03-02, without what this load has changed: "); !found ||
		!slices.Contains(strings.Split(tables, ", "), "takings") || !strings.Contains(told, "mercado etl run --from 2026-03-02") {
		t.Errorf("of a load of earlier days is told %q", result.Note)
	}
	p.same("select note from etl.runs where id = '"+early.ID.String()+"'", "select '"+result.Note+"'::text")
	if _, result = p.load("2026-03-02", "2026-03-03"); result.Note != "" {
		t.Errorf("of a load that all tables show is told %q", result.Note)
	}
	p.same(warehouseTakings, shopTakings)

	// A release gives the history a column, which is null in what stood before; it reads its own files as well.
	stop()
	p.labelling()
	p.work(p.Activities)
	for _, days := range [][2]string{{"2026-03-03", "2026-03-04"}, {"2026-03-04", "2026-03-05"}} {
		p.load(days[0], days[1])
		p.want("select array[count(*), count(label), count(*) filter (where (label is not null) = (valid_to is null))] from warehouse.inventory_history", "{13,12,13}")
		p.same("select array_agg((valid_from, valid_to, price, label) order by valid_from) from warehouse.inventory_history where item_id = 1",
			"select array[(created_at, updated_at, 3.33, null::text), (updated_at, null::timestamptz, 6.66, upper(item_name))] from catalog.products where id = 1")
	}
}

// labelling adds a column to the model and the table inventory_history.
func (p *pipeline) labelling() {
	p.t.Helper()
	files := p.modelFiles()
	history := files["gold/inventory_history.sql"]
	history.Data = []byte(strings.NewReplacer(
		"-- column brand ", "-- column label varchar: Its name in capitals.\n-- column brand ",
		"p.*,", "p.*, upper(p.item_name) as label,",
		"h.brand,", "h.label, h.brand,", "p.brand,", "upper(p.item_name), p.brand,", "b.brand,", "b.label, b.brand,", "c.brand,", "c.label, c.brand,",
	).Replace(string(history.Data)))
	p.readModels(files)
	p.exec("alter table warehouse.inventory_history add column label text")
}

// gated lets one model wait, once: by then its inputs are frozen and downloaded.
type gated struct {
	model.Engine
	waits   func(model.Job) bool
	once    sync.Once
	arrived chan struct{}
	open    chan struct{}
}

func gate(engine model.Engine, waits func(model.Job) bool) *gated {
	return &gated{Engine: engine, waits: waits, arrived: make(chan struct{}), open: make(chan struct{})}
}

func (g *gated) Run(ctx context.Context, job model.Job) (*model.Result, error) {
	if g.waits(job) {
		g.once.Do(func() {
			close(g.arrived)
			select {
			case <-g.open:
			case <-ctx.Done():
			}
		})
	}
	return g.Engine.Run(ctx, job)
}

func TestPublishProvesThatTheHistoryStands(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	run := newRun(span(t, "2026-03-02", "2026-03-03"))
	waiting := gate(p.Engine, func(job model.Job) bool { return job.Model.Name == "takings" && job.Interval == run.Interval })
	p.Engine = waiting
	p.work(p.Activities)
	p.exec("select fixture.place('2026-03-01', 8), fixture.place('2026-03-02', 8)")
	p.load("2026-03-01", "2026-03-02")

	// Another run publishes a day that the run has read.
	started := p.start(run, etl.Extract)
	<-waiting.arrived
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-03-01' and status = 'confirmed'")
	p.load("2026-03-01", "2026-03-02")
	p.want("select distinct as_of from warehouse.takings", "2026-03-01")
	close(waiting.open)
	if _, err := p.finish(started); err != nil {
		t.Fatal(err)
	}
	p.same(warehouseTakings, shopTakings)
	p.keep("etl_renewed", workflows.ETLID(run.ID, 1))

	of := "from etl.steps where run_id = '" + run.ID.String() + "' and "
	p.want("select state || execution from etl.runs where id = '"+run.ID.String()+"'", "succeeded2")
	p.want("select error like 'publish % was made from what stood of %sales%, of which another run has published since' "+
		of+"execution = 1 and step = 'publish' and state = 'failed'", "true")
	p.want("select string_agg(step || ' ' || state, ', ' order by step) "+of+"execution = 2 and table_name in ('', 'takings', 'sales')",
		"gold skipped, gold succeeded, publish succeeded, reconcile succeeded, stage succeeded, stage succeeded")
	p.want("select string_agg(execution::text, ',') from warehouse.publications where run_id = '"+run.ID.String()+"'", "2")
	p.want("select count(*) from etl.steps where finished_at is null", "0")

	// The history that is read again is that of the execution that was published.
	run.Execution = 2
	again, err := p.replay(run, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	if p.manifest(run, lake.Gold, "takings").ContentDigest() != p.manifest(again, lake.Gold, "takings").ContentDigest() {
		t.Error("the replay reads another history than the run did")
	}
	p.want("select state "+of+"execution = 3 and step = 'publish'", etl.Skipped)
	p.same(warehouseTakings, shopTakings)
}

func TestReplayAdoptsWhatWouldComeOutTheSame(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	engine := &counting{Engine: p.Engine}
	p.Engine = engine
	p.work(p.Activities)
	p.exec("select fixture.place('2026-03-01', 8)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	all := len(p.Models.Zone(lake.Clean)) + len(p.Models.Zone(lake.Work)) + len(p.Models.Zone(lake.Gold))
	if ran := engine.ran.Swap(0); int(ran) != all {
		t.Fatalf("a run runs %d models, want %d", ran, all)
	}
	rows := p.text("select string_agg(xmin::text || ctid::text, ',' order by order_item_id) from warehouse.sales")
	replay := func(models int64, staged string) {
		t.Helper()
		before := run
		var err error
		if run, err = p.replayUnchanged(run, etl.Clean); err != nil {
			t.Fatal(err)
		}
		if ran := engine.ran.Swap(0); ran != models {
			t.Errorf("%d models ran, want %d", ran, models)
		}
		for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
			for _, m := range p.Models.Zone(zone) {
				if p.manifest(before, zone, m.Name).ContentDigest() != p.manifest(run, zone, m.Name).ContentDigest() {
					t.Errorf("the replay has other bytes of %s", m.Table)
				}
			}
		}
		execution := " and execution = (select execution from etl.runs)"
		p.want("select string_agg(table_name, ', ' order by table_name) from etl.steps where step = 'stage' and state = 'succeeded'"+execution, staged)
	}
	replay(0, "date")
	p.want("select string_agg(xmin::text || ctid::text, ',' order by order_item_id) from warehouse.sales", rows)
	p.want("select count(*) from warehouse.publications", "1")
	p.want("select distinct state from etl.steps where step = 'publish' and execution = 2", etl.Skipped)

	// What was lost or damaged in the lake is made again; so are rows in the warehouse.
	objects := p.objects()
	objects.remove(lake.Clean, p.manifest(run, lake.Clean, "vendors").Parts[0].Key)
	damaged := p.manifest(run, lake.Gold, "sales").Parts[0].Key
	bytes := objects.get(lake.Gold, damaged)
	bytes[len(bytes)/2] ^= 1
	objects.put(lake.Gold, damaged, bytes)
	p.exec("delete from warehouse.sales where order_item_id = (select min(order_item_id) from warehouse.sales)")
	replay(2, "date, sales")
	p.same(warehouseTakings, shopTakings)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
}

// counting counts the models that run.
type counting struct {
	model.Engine
	ran atomic.Int64
}

func (c *counting) Run(ctx context.Context, job model.Job) (*model.Result, error) {
	c.ran.Add(1)
	return c.Engine.Run(ctx, job)
}

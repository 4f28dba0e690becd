package etl_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/workflows"
)

// startPrune starts a prune after which the latest two publishes can be undone. What no manifest names goes
// whenever it was written.
func (p *pipeline) startPrune(dryRun bool) client.WorkflowRun {
	p.t.Helper()
	return p.startPruneOf(0, dryRun)
}

// startPruneOf starts a prune of what no manifest names that was written that long ago.
func (p *pipeline) startPruneOf(orphans time.Duration, dryRun bool) client.WorkflowRun {
	p.t.Helper()
	started, err := workflows.StartPrune(p.t.Context(), p.temporal, p.queue(), workflows.PruneInput{
		Retention: 90 * 24 * time.Hour, Versions: 2, Orphans: orphans, Tries: 10, DryRun: dryRun,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return started
}

func (p *pipeline) pruned(started client.WorkflowRun) *workflows.Pruned {
	p.t.Helper()
	var pruned *workflows.Pruned
	if err := started.Get(p.t.Context(), &pruned); err != nil {
		p.t.Fatal(err)
	}
	return pruned
}

// age has runs end, publish and be rolled back a hundred days earlier.
func (p *pipeline) age(runs ...etl.Run) {
	p.t.Helper()
	for _, run := range runs {
		p.exec("update etl.runs set started_at = started_at - interval '100 days', finished_at = finished_at - interval '100 days' where id = $1", run.ID)
		p.exec(`update warehouse.publications set published_at = published_at - interval '100 days',
			rolled_back_at = rolled_back_at - interval '100 days' where run_id = $1`, run.ID)
	}
}

// Of runs older than the retention go their files to the key, but what stands, what can be put back, and what
// kept runs have read; and kept runs lose nothing.
func TestPruneRemovesOldRunsAndNothingThatIsNeeded(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	stop := p.work(p.Activities)
	objects := p.objects()
	p.exec("alter table identity.customers drop constraint customers_email_check")
	p.exec("update identity.customers set email = 'no address' where id = 19") // every run has something in quarantine
	p.exec("select fixture.place('2026-02-20', 3), fixture.place('2026-03-01', 4), fixture.place('2026-03-02', 2)")
	first, _ := p.load("2026-02-01", "2026-03-10")
	changed := func(day string, price int) {
		p.exec("update catalog.products set price = $1, updated_at = now() where id = 1", price)
		p.exec("select fixture.place($1::date, 3)", day)
	}
	changed("2026-03-10", 10)
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-03-01' and status = 'confirmed'")
	second, _ := p.load("2026-03-10", "2026-03-11")
	// Its third execution publishes manifests that name the parts of the first.
	if _, err := p.rollback(nil, false); err != nil {
		t.Fatal(err)
	}
	second.Execution = 2
	second, err := p.replayUnchanged(second, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	two := p.standing()
	changed("2026-03-11", 11)
	third, _ := p.load("2026-03-11", "2026-03-12")
	changed("2026-03-12", 12)
	fourth, _ := p.load("2026-03-12", "2026-03-13")
	made := p.gold(fourth)
	old := []etl.Run{first, second, third}
	p.age(old...)

	release := p.hold()
	changed("2026-03-13", 13)
	fifth := newRun(span(t, "2026-03-13", "2026-03-14"))
	fifthStarted := p.startPatient(fifth, etl.Extract, 10)
	p.awaitHeld()

	// What no manifest names: of a run that is kept, of one that is under way, of one that nobody knows.
	orphan := func(run etl.Run, zone lake.Zone) place {
		output := lake.Output{Zone: zone, Table: "orders", RunID: run.ID.String(), Execution: 1}
		at := place{zone, output.PartKey("2026-03-12", 99, 1)}
		objects.put(zone, at.key, []byte("left over"))
		return at
	}
	lost := []place{orphan(fourth, lake.Raw), orphan(fourth, lake.Work)}
	unfinished := orphan(fifth, lake.Clean)
	orphan(newRun(fifth.Interval), lake.Gold)
	objects.put(lake.Work, "experiments/run="+first.ID.String()+"/mine.parquet", []byte("a scientist's"))
	objects.put(lake.Work, "table=orders/run="+first.ID.String()+".txt", []byte("a scientist's"))

	p.exec("select staging.open('sales', $1, 7)", first.ID)
	staged := func(run etl.Run) string {
		return "select count(*) from pg_class where relnamespace = 'staging'::regnamespace and relname like '%" + strings.ReplaceAll(run.ID.String(), "-", "") + "%'"
	}

	before := objects.all()
	want := p.needed(before, old, []etl.Run{third, fourth})
	for _, at := range lost {
		delete(want, at)
	}
	for _, hidden := range []string{"true", "run_id = '" + first.ID.String() + "'"} {
		p.prunesNothing(hidden)
	}
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")

	// What is fresh stays, and what a rollback that is under way may need.
	p.exec("update etl.runs set state = 'running', finished_at = null where id = $1", second.ID)
	careful := p.pruned(p.startPruneOf(workflows.OrphansKept, true))
	p.exec("update etl.runs set state = 'succeeded', finished_at = started_at where id = $1", second.ID)
	if careful.Runs != 2 || careful.Publishes != 1 {
		t.Errorf("with a rollback under way it would give up %+v", careful.GivenUp)
	}
	for _, zone := range careful.Zones {
		if zone.Orphans.Objects != 0 {
			t.Errorf("of %s it would remove fresh files that no manifest names: %+v", zone.Zone, zone.Orphans)
		}
	}

	dry := p.pruned(p.startPrune(true))
	if !maps.Equal(objects.all(), before) {
		t.Error("a dry run has changed the lake")
	}
	p.want("select count(*) from etl.runs where pruned_at is not null", "0")
	p.want("select count(*) from warehouse.publications where forgotten_at is not null", "0")
	p.want("select count(distinct run_id) from etl.steps", "5")
	p.want(staged(first), "1")
	p.exec("insert into etl.maintenance (kind, subject, holds_runs, workflow_id) values ('erasure', 'customer 7', false, 'of nobody')")
	started := p.startPrune(false)
	p.eventually("the prune waits for the erasure", func() bool {
		events := p.temporal.GetWorkflowHistory(t.Context(), started.GetID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			if event, err := events.Next(); err == nil && event.GetTimerStartedEventAttributes() != nil {
				return true
			}
		}
		return false
	})
	p.want("select count(*) from etl.runs where pruned_at is not null", "0")
	p.exec("update etl.maintenance set ended_at = now()")
	real := p.pruned(started)
	p.want("select string_agg(kind, ' ' order by id) from etl.maintenance where ended_at is not null", "retention retention erasure retention")
	p.wantLeft(want)
	if real.Runs != 3 || real.Publishes != 2 || dry.GivenUp != real.GivenUp || !reflect.DeepEqual(dry.Zones, real.Zones) {
		t.Errorf("it did\n%+v\nand the dry run said\n%+v", real, dry)
	}
	for _, zone := range real.Zones {
		var removed, orphans, foreign etl.Amount
		for object, size := range before {
			if _, stays := want[object]; object.zone == zone.Zone && !stays {
				removed.Add(lake.Object{Size: size})
			}
		}
		for _, at := range lost {
			if at.zone == zone.Zone {
				orphans.Add(lake.Object{Size: int64(len("left over"))})
			}
		}
		switch zone.Zone {
		case lake.Work:
			foreign = etl.Amount{Objects: 2, Bytes: 26}
		case lake.Gold:
			foreign = etl.Amount{Objects: 1, Bytes: 9}
		}
		if zone.Removed != removed || zone.Orphans != orphans || zone.Foreign != foreign || removed.Objects == 0 {
			t.Errorf("of %s it removed %+v, want %+v and %+v orphans, and left %+v", zone.Zone, zone, removed, orphans, foreign)
		}
	}
	p.want(staged(first), "0")
	again := p.pruned(p.startPrune(false))
	if again.GivenUp != (etl.GivenUp{}) {
		t.Errorf("pruned again it gave up %+v", again.GivenUp)
	}
	for _, zone := range again.Zones {
		if zone.Removed.Objects != 0 {
			t.Errorf("pruned again it removed %+v", zone)
		}
	}
	p.wantLeft(want)
	release()
	if _, err := p.finish(fifthStarted); err != nil {
		t.Fatal(err)
	}
	p.readable()
	p.same(warehouseRevenue, shopRevenue)

	p.tellsItIsPruned(first)

	// A run that is kept is done again, to the byte, from what it has read of those that are not.
	remade, err := p.replay(fourth, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(p.gold(remade), made) {
		t.Errorf("done again it made %v, want %v", p.gold(remade), made)
	}
	changed("2026-03-14", 14)
	sixth, _ := p.load("2026-03-14", "2026-03-15")
	p.same(warehouseRevenue, shopRevenue)
	p.want("select count(*) from warehouse.inventory_history where item_id = 1", "6")

	// What stood is put back as far as it is kept, and not a step further.
	stood := p.standing()
	if _, err := p.rollback(&second.ID, true); err == nil || !strings.Contains(err.Error(), "is not kept any more") {
		t.Errorf("rolled back further than is kept: %v", err)
	}
	p.wantStanding(stood)
	p.want("select count(*) from etl.runs where state = 'running'", "0")
	if _, err := p.rollback(&third.ID, true); err != nil {
		t.Fatal(err)
	}
	p.wantStanding(two)
	if _, err := p.rollback(nil, false); err == nil || !strings.Contains(err.Error(), "is not kept any more") {
		t.Errorf("rolled back further than is kept: %v", err)
	}

	before = objects.all()
	delete(before, unfinished) // its run has ended
	want = p.needed(before, old, nil)
	p.keepsWhatOnlyAHistoryNames(want, third, remade, made)
	p.wantStanding(two)

	// A prune whose worker is killed while it removes is completed by another.
	p.age(fourth, fifth, sixth)
	stop()
	want = p.needed(objects.all(), append(old, fourth, fifth, sixth), nil)
	p.pruneKilledAndCompleted()
	p.wantLeft(want)
	p.readable()
	p.wantStanding(two)
	p.want("select count(*) from etl.steps as s join etl.runs as r on r.id = s.run_id where r.state = 'rolled_back'", "0")
	p.prunesNothing("true") // though all runs are given up
	p.wantLeft(want)
	p.pruneByCommand(first)
}

// prunesNothing has a prune meet a warehouse that does not know some publishes.
func (p *pipeline) prunesNothing(hidden string) {
	p.t.Helper()
	p.exec("create table public.hidden as select number, run_id from warehouse.publications where " + hidden)
	p.exec("update warehouse.publications set run_id = gen_random_uuid() where " + hidden)
	var pruned *workflows.Pruned
	err := p.startPrune(false).Get(p.t.Context(), &pruned)
	if err == nil || !strings.Contains(err.Error(), "MERCADO_WAREHOUSE_URL") {
		p.t.Errorf("with a warehouse that does not know where %s, the prune ended with %+v, %v", hidden, pruned, err)
	}
	p.exec("update warehouse.publications as p set run_id = h.run_id from public.hidden as h where h.number = p.number")
	p.exec("drop table public.hidden")
}

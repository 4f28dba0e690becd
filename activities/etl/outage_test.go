package etl_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/warehouse"
	"mercado/worker"
)

// workThroughObjectStore hosts the queue with an object store that can be cut off.
func (p *pipeline) workThroughObjectStore() *wire {
	p.t.Helper()
	objects := p.world.ObjectStore
	var away *wire
	away, objects.Endpoint = through(p.t, objects.Endpoint)
	steps := *p.Activities
	var err error
	if steps.Store, err = lake.Open(objects); err != nil {
		p.t.Fatal(err)
	}
	p.work(&steps)
	return away
}

// workThroughShop hosts the queue with a shop that can be cut off, and a warehouse that cannot.
func (p *pipeline) workThroughShop() *wire {
	p.t.Helper()
	away, steps, _ := p.throughShop()
	p.work(steps)
	return away
}

// workThroughPostgres hosts the queue with a shop and a warehouse that can be cut off.
func (p *pipeline) workThroughPostgres() *wire {
	p.t.Helper()
	away, steps, address := p.throughShop()
	there := p.world.Warehouse
	there.URL = address
	var err error
	if steps.Warehouse, err = warehouse.Open(p.t.Context(), there); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(steps.Warehouse.Close)
	p.work(steps)
	return away
}

// throughShop is the steps with a shop that can be cut off, and its address with the wire in between.
func (p *pipeline) throughShop() (away *wire, steps *etl.Activities, address string) {
	p.t.Helper()
	away, address = through(p.t, p.world.Database.URL)
	copied := *p.Activities
	var err error
	if copied.Shop, err = store.Open(p.t.Context(), settings.Database{URL: address, MaxConns: 8}); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(copied.Shop.Close)
	copied.Copies = copied.Shop
	return away, &copied, address
}

// hold has a run wait where it stages the vendors, until release.
func (p *pipeline) hold() (release func()) {
	p.t.Helper()
	return p.holdLock("warehouse.vendor in access exclusive mode")
}

// holdLock holds a lock on a table until release.
func (p *pipeline) holdLock(lock string) (release func()) {
	p.t.Helper()
	return p.holdBy("lock table " + lock)
}

// holdBy holds what a statement locks until release, or until the test ends.
func (p *pipeline) holdBy(statement string) (release func()) {
	p.t.Helper()
	holder, err := pgx.Connect(p.t.Context(), p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := holder.Exec(p.t.Context(), "begin; "+statement); err != nil {
		p.t.Fatal(err)
	}
	release = func() { _ = holder.Close(context.WithoutCancel(p.t.Context())) }
	p.t.Cleanup(release)
	return release
}

func (p *pipeline) awaitHeld() {
	p.t.Helper()
	p.eventually("the run waits to stage the vendors", func() bool {
		return p.text(`select exists (select from pg_stat_activity where wait_event_type = 'Lock'
			and datname = current_database() and query like '%staging.open%')`) == "true"
	})
	others := strconv.Itoa(len(p.Models.Zone(lake.Gold)) - 1)
	p.eventually("the run has staged all else", func() bool {
		return p.text(`select count(*) from etl.steps where step = 'stage' and state = 'succeeded' and run_id =
			(select id from etl.runs order by started_at desc limit 1) and execution =
			(select max(execution) from etl.steps where run_id = (select id from etl.runs order by started_at desc limit 1))`) == others
	})
}

func TestRunFailsWhenTheObjectStoreStaysAwayAndReplays(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	away := p.workThroughObjectStore()

	release := p.hold()
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	started := p.start(run, etl.Extract)
	p.awaitHeld()
	away.cut()
	release()
	if _, err := p.finish(started); err == nil || !strings.Contains(err.Error(), "reconcile") {
		t.Fatalf("the run ended with %v", err)
	}
	p.want("select state from etl.runs", etl.Failed)
	p.want("select state || tries from etl.steps where step = 'reconcile'", "failed2")
	p.want("select count(*) from warehouse.sales", "0")
	p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")

	away.mend()
	if _, err := p.replay(run, etl.Reconcile); err != nil {
		t.Fatal(err)
	}
	p.want("select state from etl.runs", etl.Succeeded)
	p.same(warehouseRevenue, shopRevenue)
}

func TestRunFailsWhenPostgresStaysAwayAndReplays(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	away := p.workThroughPostgres()

	release := p.hold()
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	started := p.start(run, etl.Extract)
	p.awaitHeld()
	away.cut()
	release()
	p.eventually("the run has given up and waits to say so", func() bool { return p.pending(started, "Finish") })
	p.want("select state from etl.runs", etl.Running)
	away.mend()
	if _, err := p.finish(started); err == nil || !strings.Contains(err.Error(), "stage vendor") {
		t.Fatalf("the run ended with %v", err)
	}
	p.want("select state from etl.runs", etl.Failed)
	p.want("select count(*) from warehouse.sales", "0")

	if _, err := p.replay(run, etl.Gold); err != nil {
		t.Fatal(err)
	}
	p.want("select state from etl.runs", etl.Succeeded)
	p.same(warehouseRevenue, shopRevenue)
}

// An outage that ends before the tries are used up costs a run nothing but time: it makes what an undisturbed run
// makes. Between two runs the shop has changed, and a reader sees the warehouse as it was or as it is.
func TestOutageThatHealsIsSurvived(t *testing.T) {
	t.Parallel()
	outer := setupTurning(t)
	stop := outer.work(outer.Activities)
	outer.undisturbed()
	stop()
	for _, test := range []struct {
		name    string
		through func(*pipeline) *wire
		lock    string // for which the run waits when the server goes away
		steps   string // of which one is tried again
		cut     func(*wire)
	}{
		{"object store during the extract", (*pipeline).workThroughObjectStore, "catalog.reviews in access exclusive mode", "extract", (*wire).cut},
		{"object store in the middle of an upload", (*pipeline).workThroughObjectStore, "catalog.reviews in access exclusive mode", "extract", func(w *wire) { w.cutAfter("upstream", 3000) }},
		{"object store during the load", (*pipeline).workThroughObjectStore, "warehouse.vendor in access exclusive mode", "stage reconcile", (*wire).cut},
		{"object store in the middle of a download", (*pipeline).workThroughObjectStore, "warehouse.vendor in access exclusive mode", "stage reconcile", func(w *wire) { w.cutAfter("downstream", 500) }},
		{"Postgres during the extract", (*pipeline).workThroughPostgres, "catalog.reviews in access exclusive mode", "extract", (*wire).cut},
		{"Postgres in the middle of a copy", (*pipeline).workThroughPostgres, "catalog.reviews in access exclusive mode", "extract", func(w *wire) { w.cutAfter("downstream", 2000) }},
		{"Postgres during the publish", (*pipeline).workThroughPostgres, "warehouse.mark in exclusive mode", "publish", (*wire).cut},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := outer.in(t)
			p.turn()
			away := test.through(p.pipeline)
			release := p.holdLock(test.lock)
			run := newRun(span(t, "2026-03-02", "2026-03-03"))
			started := p.startPatient(run, etl.Extract, 20)
			p.eventually("the run waits for "+test.lock, func() bool {
				return p.text("select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() "+
					"and application_name <> $1)", reader) == "true"
			})
			test.cut(away)
			release()
			p.eventually("the step is tried again", func() bool { return p.tries(started) >= 2 })
			p.wantBefore()
			if strings.HasPrefix(test.name, "object store") {
				p.eventually("the error of the first try is on record while the next is made", func() bool {
					return p.text("select error from etl.steps where state = 'running' and error is not null limit 1") != "null"
				})
			}
			away.mend()
			if _, err := p.finish(started); err != nil {
				t.Fatal(err)
			}
			p.wantMade(run)
			p.want("select max(tries) >= 2 from etl.steps where step = any(string_to_array('"+test.steps+"', ' ')) and run_id = '"+run.ID.String()+"'", "true")
		})
	}
	outer.wantNoMix()
}

func TestHeartbeatsAreSentAsOftenAsTheyAreMade(t *testing.T) {
	t.Parallel()
	p := setup(t)
	release := p.holdLock("catalog.reviews in access exclusive mode")
	started := p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract)
	sent := map[time.Time]bool{}
	p.eventually("three heartbeats", func() bool {
		for _, pending := range p.underWay(started) {
			if at := pending.GetLastHeartbeatTime(); at != nil {
				sent[at.AsTime()] = true
			}
		}
		return len(sent) >= 3
	})
	if most := worker.ETL(p.Activities).Options.MaxHeartbeatThrottleInterval; most > etl.HeartbeatEvery {
		t.Errorf("a heartbeat may be held back for %s", most)
	}
	release()
	if _, err := p.finish(started); err != nil {
		t.Fatal(err)
	}
}

// pending tells whether an activity of the workflow is under way.
func (p *pipeline) pending(started client.WorkflowRun, activity string) bool {
	return slices.ContainsFunc(p.underWay(started), func(a *workflow.PendingActivityInfo) bool {
		return a.GetActivityType().GetName() == activity
	})
}

// tries is how often the activity under way that was tried most has been tried.
func (p *pipeline) tries(started client.WorkflowRun) (most int32) {
	for _, activity := range p.underWay(started) {
		most = max(most, activity.GetAttempt())
	}
	return most
}

func (p *pipeline) underWay(started client.WorkflowRun) []*workflow.PendingActivityInfo {
	p.t.Helper()
	description, err := p.temporal.DescribeWorkflowExecution(p.t.Context(), started.GetID(), started.GetRunID())
	if err != nil {
		p.t.Fatal(err)
	}
	return description.GetPendingActivities()
}

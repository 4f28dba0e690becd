package etl_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store/shopdb"
)

func TestReplayGivesTheSameBytesAndPublishesNothing(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 25), fixture.place('2026-03-02', 25)")
	run, _ := p.load("2026-03-01", "2026-03-03")
	published := p.text("select string_agg(xmin::text || ctid::text, ',' order by order_item_id) from warehouse.sales")
	before := p.text(warehouseRevenue)

	// What the shop has become since is of no concern.
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'later' where status = 'confirmed'")
	p.exec("update catalog.products set price = price + 1, item_name = 'another name'")

	again, err := p.replay(run, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, model := range p.Models.Zone(zone) {
			first, second := p.manifest(run, zone, model.Name), p.manifest(again, zone, model.Name)
			if first.ContentDigest() != second.ContentDigest() || first.Fingerprint != second.Fingerprint {
				t.Errorf("the replay wrote other bytes of %s", model.Table)
			}
			if first.Parts[0].Key == second.Parts[0].Key {
				t.Errorf("the replay wrote over %s", first.Parts[0].Key)
			}
		}
	}
	p.want("select string_agg(xmin::text || ctid::text, ',' order by order_item_id) from warehouse.sales", published)
	p.want(warehouseRevenue, before)
	p.want("select count(*) from warehouse.publications", "1")
	p.want("select state from etl.steps where step = 'publish' and execution = 2", etl.Skipped)
	p.want("select state from etl.runs", etl.Succeeded)
}

// The shop has changed and is gone: a replay makes the old bytes from what was frozen, and needs
// the shop only to say that it publishes.
func TestReplayNeedsNoShopUntilItPublishes(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 15)")
	away := p.workThroughShop()
	run, _ := p.load("2026-03-01", "2026-03-02")
	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'later' where status = 'confirmed'")
	p.exec("select fixture.place('2026-03-01', 5)")

	away.cut()
	again := run
	again.Execution++
	started := p.startPatient(again, etl.Clean, 30)
	p.eventually("the replay waits for the shop to be recorded", func() bool { return p.pending(started, "Record") })
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, model := range p.Models.Zone(zone) {
			if p.manifest(run, zone, model.Name).ContentDigest() != p.manifest(again, zone, model.Name).ContentDigest() {
				t.Errorf("the replay wrote other bytes of %s", model.Table)
			}
		}
	}
	p.want("select count(*) from etl.steps where execution = 2", "0")
	away.mend()
	if _, err := p.finish(started); err != nil {
		t.Fatal(err)
	}
	p.want("select state from etl.steps where step = 'publish' and execution = 2", etl.Skipped)
	p.want("select state || execution from etl.runs", etl.Succeeded+"2")
	p.want("select count(*) from warehouse.publications", "1")

	// Maintenance that begins before the shop has a replay on record is not passed by it, and nothing that the
	// replay has made is read again.
	away.cut()
	late := again
	late.Execution++
	started = p.startPatient(late, etl.Clean, 30)
	p.eventually("the next replay waits, too", func() bool { return p.pending(started, "Record") })
	made := p.madeBy(late)
	if len(made) == 0 {
		t.Error("the replay has made nothing")
	}
	maintenance, err := p.Shop.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = maintenance.Rollback(context.WithoutCancel(t.Context())) }()
	if err := shopdb.New(maintenance).LockRuns(t.Context()); err != nil {
		t.Fatal(err)
	}
	away.mend()
	p.eventually("the replay waits for who numbers runs", func() bool {
		return p.text(`select exists (select from pg_locks as l join pg_database as d on d.oid = l.database
			where l.locktype = 'advisory' and not l.granted and d.datname = current_database())`) == "true"
	})
	if _, err := maintenance.Exec(t.Context(), `insert into etl.maintenance (kind, subject, holds_runs, workflow_id)
		values ('erasure', 'customer 7', true, 'of nobody')`); err != nil {
		t.Fatal(err)
	}
	if err := maintenance.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.finish(started); err == nil || !strings.Contains(err.Error(), "erasure of customer 7 has come in between") {
		t.Errorf("the replay ended with %v", err)
	}
	if left := p.madeBy(late); len(left) > 0 {
		t.Errorf("of the replay is left %v", left)
	}
	if len(p.madeBy(again)) != len(made) {
		t.Error("what an earlier execution has made is gone")
	}
	p.want("select state || execution from etl.runs", etl.Failed+"3")
	p.exec("update etl.maintenance set ended_at = now()")
	if _, err := p.replayUnchanged(late, etl.Gold); err != nil {
		t.Error(err)
	}
}

// madeBy are the keys of all that an execution has made, and of what says so.
func (p *pipeline) madeBy(run etl.Run) (keys []string) {
	p.t.Helper()
	for at := range p.objects().all() {
		if object := lake.ParseKey(at.key); object.RunID == run.ID && object.Execution == run.Execution {
			keys = append(keys, string(at.zone)+" "+at.key)
		}
	}
	return keys
}

func TestReplayFromEachStep(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	for _, from := range []etl.Step{etl.Work, etl.Gold, etl.Stage, etl.Reconcile, etl.Publish} {
		var err error
		if run, err = p.replay(run, from); err != nil {
			t.Fatalf("from %s: %v", from, err)
		}
		p.want("select state from etl.steps where step = 'publish' and execution = "+string(rune('0'+run.Execution)), etl.Skipped)
	}
	p.same(warehouseRevenue, shopRevenue)
}

func TestReplayNamesTheObjectThatIsMissingOrCorrupt(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	part, vendors := p.manifest(run, lake.Raw, "orders").Parts[0], p.manifest(run, lake.Raw, "vendors").Parts[0]
	objects := p.objects()

	original := objects.get(lake.Raw, part.Key)
	corrupt := append([]byte{}, original...)
	corrupt[len(corrupt)/2] ^= 1
	objects.put(lake.Raw, part.Key, corrupt)
	run, err := p.replay(run, etl.Clean)
	if err == nil || !strings.Contains(err.Error(), part.Key) || !strings.Contains(err.Error(), "not what its manifest says") {
		t.Errorf("a corrupt object is not named: %v", err)
	}
	p.want("select state from etl.runs", etl.Failed)
	p.want("select tries from etl.steps where state = 'failed' and execution = 2 and table_name = 'orders'", "1")

	// Each table that fails is named, and keeps no other from finishing.
	whole := objects.get(lake.Raw, vendors.Key)
	objects.remove(lake.Raw, vendors.Key)
	run, err = p.replay(run, etl.Clean)
	if err == nil || !strings.Contains(err.Error(), part.Key) || !strings.Contains(err.Error(), vendors.Key) {
		t.Errorf("of two tables that fail not both are named: %v", err)
	}
	p.want("select string_agg(table_name, ',' order by table_name) from etl.steps where state = 'failed' and execution = 3",
		"orders,products,vendors") // products reads vendors, too
	p.want("select string_agg(table_name, ',' order by table_name) from etl.steps where state = 'succeeded' and execution = 3 and table_name in ('categories', 'customers')", "categories,customers")
	objects.put(lake.Raw, vendors.Key, whole)

	objects.remove(lake.Raw, part.Key)
	run, err = p.replay(run, etl.Clean)
	if err == nil || !strings.Contains(err.Error(), part.Key) || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("a missing object is not named: %v", err)
	}

	objects.put(lake.Raw, part.Key, original)
	if _, err := p.replay(run, etl.Clean); err != nil {
		t.Errorf("with the object back: %v", err)
	}
	p.want("select state from etl.runs", etl.Succeeded)
}

func TestReplayMakesGoodAnExtractThatDiedAfterItWasFrozen(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	objects := p.objects()
	for _, table := range []string{"orders", "customers"} {
		objects.remove(lake.Raw, p.manifest(run, lake.Raw, table).ManifestKey())
	}
	if _, err := p.replay(run, etl.Clean); err != nil {
		t.Fatal(err)
	}
	p.same(warehouseRevenue, shopRevenue)
}

func TestReplayReadsZonesThatWereMadeFromEachOther(t *testing.T) {
	t.Parallel()
	p := setup(t)
	run, _ := p.load("2026-03-01", "2026-03-02")
	// A second execution got as far as clean.
	for _, model := range p.Models.Zone(lake.Clean) {
		manifest := p.manifest(run, lake.Clean, model.Name)
		manifest.Execution = 2
		for i := range manifest.Inputs {
			if manifest.Inputs[i].Zone == lake.Clean {
				manifest.Inputs[i].Execution = 2
			}
		}
		if _, err := p.Store.Commit(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
	}
	run.Execution = 3
	for from, want := range map[etl.Step]map[lake.Zone]int{
		etl.Clean: {lake.Raw: 1, lake.Clean: 3, lake.Work: 3, lake.Gold: 3},
		etl.Work:  {lake.Raw: 1, lake.Clean: 2, lake.Work: 3, lake.Gold: 3},
		etl.Gold:  {lake.Raw: 1, lake.Clean: 1, lake.Work: 1, lake.Gold: 3},
		etl.Stage: {lake.Raw: 1, lake.Clean: 1, lake.Work: 1, lake.Gold: 1},
	} {
		plan, err := p.Begin(t.Context(), etl.BeginRequest{Run: run, From: from, Trigger: "manual", WorkflowID: "none"})
		if err != nil {
			t.Fatal(err)
		}
		delete(plan.Executions, model.Published) // no zone
		if !maps.Equal(plan.Executions, want) {
			t.Errorf("from %s it reads %v, want %v", from, plan.Executions, want)
		}
	}
}

func TestOutputOfAnotherReleaseIsNotTakenForOnesOwn(t *testing.T) {
	t.Parallel()
	p := setup(t)
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	made := lake.Output{Zone: lake.Gold, Table: "vendor", RunID: run.ID.String(), Execution: 1}
	if _, err := p.Store.Commit(t.Context(), &lake.Manifest{Output: made, Fingerprint: "of another model"}); err != nil {
		t.Fatal(err)
	}
	_, err := p.finish(p.start(run, etl.Extract))
	if err == nil || !strings.Contains(err.Error(), "gold vendor: gold/vendor was made by another release") || !strings.Contains(err.Error(), "replay the run from gold") {
		t.Fatalf("the run ended with %v", err)
	}
	if _, err := p.replay(run, etl.Gold); err != nil {
		t.Error(err)
	}
}

func TestReplayOfWhatNeverWasIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	_, err := p.replay(run, etl.Clean)
	if err == nil || !strings.Contains(err.Error(), "never finished its extract") {
		t.Errorf("replayed a run without raw data: %v", err)
	}
	p.want("select count(*) from etl.runs", "0")
}

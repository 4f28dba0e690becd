package etl_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/runs"
	"mercado/workflows"
)

// TestLoadsWaitForMaintenance has loads, a replay and a rollback asked for while maintenance holds runs: they wait
// where an operator sees it, cost no tries, and go on by themselves.
func TestLoadsWaitForMaintenance(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 5), fixture.place('2026-03-02', 5)")
	first, _ := p.load("2026-03-01", "2026-03-02")
	erasure := store.Maintenance{Kind: store.Erasure, Subject: "customer 7", HoldsRuns: true, WorkflowID: "erase"}
	other := store.Maintenance{Kind: store.Retention, Subject: "runs", HoldsRuns: true, WorkflowID: "sweep"}
	take := func(m store.Maintenance, wantWaits string, wantOwn bool) {
		t.Helper()
		waitsFor, own, err := p.Shop.TakeMaintenance(t.Context(), m)
		if err != nil || own != wantOwn || waitsFor != wantWaits {
			t.Errorf("take %s: waits for %q, own %t, %v; want %q, %t", m.Kind, waitsFor, own, err, wantWaits, wantOwn)
		}
	}
	take(erasure, "", true)
	take(other, "erasure of customer 7", false)

	again := first
	again.Execution++
	loading, replaying := p.start(newRun(span(t, "2026-03-02", "2026-03-03")), etl.Extract), p.start(again, etl.Clean)
	cancelled := p.start(newRun(span(t, "2026-03-03", "2026-03-04")), etl.Extract)
	p.eventually("the loads and the replay wait", func() bool {
		return p.text("select count(*) from etl.runs where state = 'running' and waits_for = 'erasure of customer 7'") == "3"
	})
	if err := p.temporal.CancelWorkflow(t.Context(), cancelled.GetID(), cancelled.GetRunID()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.finish(cancelled); err == nil {
		t.Error("a load that was cancelled while it waited has succeeded")
	}
	terminated := p.start(newRun(span(t, "2026-03-04", "2026-03-05")), etl.Extract)
	p.eventually("another load waits", func() bool {
		return p.text("select waits_for from etl.runs where workflow_id = '"+terminated.GetID()+"'") == "erasure of customer 7"
	})
	p.waitsAreShown()
	p.terminate(terminated)
	p.fail(terminated)
	p.want("select string_agg(state || coalesce(waits_for, ''), ' ' order by state) from etl.runs where state in ('cancelled', 'failed')", "cancelled failed")
	p.want("select count(*) from etl.steps where run_id <> '"+first.ID.String()+"' or execution > 1", "0")
	take(erasure, "", true) // those that wait have not begun
	if err := p.Shop.EndMaintenance(t.Context(), erasure); err != nil {
		t.Fatal(err)
	}
	for _, started := range []client.WorkflowRun{loading, replaying} {
		if _, err := p.finish(started); err != nil {
			t.Errorf("%s after the wait: %v", started.GetID(), err)
		}
	}

	take(erasure, "", true)
	rollback, err := workflows.StartRollback(t.Context(), p.temporal, p.queue(), workflows.RollbackInput{Tries: tries})
	if err != nil {
		t.Fatal(err)
	}
	p.eventually("the rollback waits", func() bool {
		return strings.Contains(p.details(rollback), "waiting for the end of erasure of customer 7")
	})
	p.want("select count(*) from warehouse.publications where rolled_back_at is not null", "0")
	if err := p.Shop.EndMaintenance(t.Context(), erasure); err != nil {
		t.Fatal(err)
	}
	var undone workflows.RollbackResult
	if err := rollback.Get(t.Context(), &undone); err != nil || len(undone.Runs) != 1 {
		t.Errorf("the rollback after the wait: %+v, %v", undone, err)
	}
	p.want("select count(*) from warehouse.publications where rolled_back_at is not null", "1")

	p.exec(`insert into etl.runs (id, interval_from, interval_to, attempt, execution, trigger, state, workflow_id, model_version, execution_started_at)
		values ($1, '2026-04-01', '2026-04-02', 1, 1, 'manual', 'running', 'another', '', now())`, uuid.New())
	take(other, "1 runs that are under way", true)
	take(erasure, "retention of runs", false)
	p.exec("update etl.runs set state = 'failed', finished_at = now() where workflow_id = 'another'")
	take(other, "", true)
}

// waitsAreShown looks at loads that wait for an erasure of customer 7, the way operators do.
func (p *pipeline) waitsAreShown() {
	p.t.Helper()
	scientist := apitest.On(p.t, p.world).As(auth.Principal{Roles: []auth.Role{auth.DataScientist}})
	waiting := apitest.Decode[struct{ Items []api.ETLRun }](scientist.Get("/api/etl/runs?state=running").Want(http.StatusOK))
	if len(waiting.Items) != 3 {
		p.t.Errorf("%d runs are under way", len(waiting.Items))
	}
	for _, run := range waiting.Items {
		if run = apitest.Decode[api.ETLRun](scientist.Get(run.Links.Self).Want(http.StatusOK)); run.WaitsFor == nil || *run.WaitsFor != "erasure of customer 7" {
			p.t.Errorf("run %s waits for %v", run.ID, run.WaitsFor)
		}
	}
	underWay := p.maintenance(scientist)
	if len(underWay) != 1 || underWay[0].String() != "erasure of customer 7" || !underWay[0].HoldsRuns || underWay[0].WorkflowID != "erase" ||
		underWay[0].WaitsFor != nil || underWay[0].Stopped != nil || !strings.HasSuffix(underWay[0].Links.Workflow, "/workflows/erase") {
		p.t.Errorf("under way is %+v", underWay)
	}
	stdout, stderr, code := p.ran("etl", "status")
	if line, _, _ := strings.Cut(stdout, "\n"); code != 0 || !strings.HasPrefix(line, "erasure of customer 7 since ") ||
		!strings.HasSuffix(line, ", workflow erase: loads wait for its end") || strings.Count(stdout, "running, waits for erasure of customer 7") != 3 {
		p.t.Errorf("etl status: code %d, printed %s, said %s", code, stdout, stderr)
	}
	stdout, stderr, _ = p.ran("doctor") // other checks may fail
	if !strings.Contains(stdout, "nothing carries out the erasure of customer 7 any more") || !strings.Contains(stdout, "Temporal does not know workflow erase") {
		p.t.Errorf("doctor printed %s, said %s", stdout, stderr)
	}
}

// maintenance is what the API says is under way.
func (p *pipeline) maintenance(client *apitest.Client) []api.ETLMaintenance {
	p.t.Helper()
	return apitest.Decode[struct{ Items []api.ETLMaintenance }](client.Get("/api/etl/maintenance").Want(http.StatusOK)).Items
}

// terminate ends a workflow as an operator may in the Temporal UI: it does nothing more, and tells nobody.
func (p *pipeline) terminate(started client.WorkflowRun) {
	p.t.Helper()
	if err := p.temporal.TerminateWorkflow(p.t.Context(), started.GetID(), started.GetRunID(), "by the test"); err != nil {
		p.t.Fatal(err)
	}
}

// operators is what a worker looks for lost loads with, and operators start loads with.
func (p *pipeline) operators() *runs.Runs {
	return runs.New(p.Shop, p.temporal, p.world.Temporal, tries)
}

// fail has the run of a workflow that was terminated recorded as failed.
func (p *pipeline) fail(started client.WorkflowRun) {
	p.t.Helper()
	id := uuid.MustParse(p.text("select id from etl.runs where workflow_id = '" + started.GetID() + "'"))
	lost, err := p.operators().Lost(p.t.Context(), id, 0)
	if err == nil && lost != nil {
		err = p.operators().Fail(p.t.Context(), lost)
	}
	if err != nil || lost == nil {
		p.t.Fatalf("run %s is lost: %+v, %v", id, lost, err)
	}
}

// startErase starts the erasure of a customer.
func (p *pipeline) startErase(customer string) client.WorkflowRun {
	p.t.Helper()
	id, err := strconv.ParseInt(customer, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	started, err := workflows.StartErase(p.t.Context(), p.temporal, p.queue(), workflows.EraseInput{CustomerID: id, Tries: tries})
	if err != nil {
		p.t.Fatal(err)
	}
	return started
}

// giveUp gives up the maintenance that is under way, whose workflow has ended.
func (p *pipeline) giveUp() (held bool) {
	p.t.Helper()
	if late, err := p.operators().LostMaintenance(p.t.Context(), time.Hour); err != nil || len(late) > 0 {
		p.t.Errorf("lost an hour ago are %+v, %v", late, err)
	}
	lost, err := p.operators().LostMaintenance(p.t.Context(), 0)
	if err != nil || len(lost) != 1 || !strings.HasSuffix(lost[0].Why, " was terminated") {
		p.t.Fatalf("lost are %+v, %v", lost, err)
	}
	known, held, err := p.operators().GiveUp(p.t.Context(), lost[0])
	if err != nil || !known {
		p.t.Fatalf("give up %+v: known %t, %v", lost[0], known, err)
	}
	return held
}

// TestMaintenanceWhoseWorkflowWasTerminatedKeepsNobodyWaiting terminates a prune, an erasure that has changed nothing yet,
// and one that has: only the last goes on holding loads, until it is asked for again.
func TestMaintenanceWhoseWorkflowWasTerminatedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 5)")
	p.exec("set session_replication_role = replica; update ordering.orders set customer_id = 9 where customer_id in (7, 8); set session_replication_role = origin")
	p.load("2026-03-01", "2026-03-02")
	underWay := "select count(*) from etl.maintenance where ended_at is null"
	erase := func() client.WorkflowRun { return p.startErase("8") }

	release := p.holdLock("warehouse.publications in access exclusive mode")
	prune := p.startPrune(false)
	p.eventually("the prune is under way", func() bool { return p.text(underWay) == "1" })
	if lost, err := p.operators().LostMaintenance(t.Context(), 0); err != nil || len(lost) > 0 {
		t.Errorf("what is at work is lost: %+v, %v", lost, err)
	}
	p.terminate(prune)
	if p.giveUp() {
		t.Error("a prune that was given up goes on keeping others waiting")
	}
	p.want(underWay, "0")
	release()
	p.pruned(p.startPrune(false))

	release = p.hold()
	loading := p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract)
	p.awaitHeld()
	waiting := erase()
	p.eventually("the erasure waits for the load", func() bool { return p.text(underWay) == "1" })
	next := p.start(newRun(span(t, "2026-03-02", "2026-03-03")), etl.Extract)
	p.eventually("the next load waits for the erasure", func() bool {
		return p.text("select count(*) from etl.runs where waits_for = 'erasure of customer 8'") == "1"
	})
	if found, err := p.Shop.MaintenanceUnderWay(t.Context()); err != nil || len(found) != 1 || *found[0].WaitsFor != "1 runs that are under way" {
		t.Errorf("the erasure is %+v, %v", found, err)
	}
	p.terminate(waiting)
	if p.giveUp() {
		t.Error("an erasure that has changed nothing goes on keeping loads waiting")
	}
	release()
	for _, started := range []client.WorkflowRun{loading, next} {
		if _, err := p.finish(started); err != nil {
			t.Error(err)
		}
	}
	// A step that has outlived its workflow does not make anybody nobody any more.
	if err := p.Shop.EraseCustomer(t.Context(), 8); !errors.Is(err, store.ErrErasureGivenUp) {
		t.Errorf("erased what was given up: %v", err)
	}
	p.want("select is_active from identity.customers where id = 8", "true")
	p.want("select count(*) from etl.erasures", "0")

	release = p.holdLock("etl.erased_parts in access exclusive mode")
	half := erase()
	p.eventually("the shop has forgotten the customer", func() bool { return p.text("select count(*) from etl.erasures where ended_at is null") == "1" })
	p.terminate(half)
	if !p.giveUp() {
		t.Error("loads may read what is half erased")
	}
	release()
	next = p.start(newRun(span(t, "2026-03-03", "2026-03-04")), etl.Extract)
	p.eventually("the load waits for the erasure", func() bool {
		return p.text("select count(*) from etl.runs where waits_for = 'erasure of customer 8'") == "1"
	})
	stdout, stderr, code := p.ran("etl", "status")
	if code != 0 || !strings.Contains(stdout, "erasure of customer 8 since ") || !strings.Contains(stdout, ": STOPPED, workflow "+half.GetID()+" was terminated") ||
		!strings.Contains(stdout, "mercado erase --customer 8") {
		t.Errorf("etl status: code %d, printed %s, said %s", code, stdout, stderr)
	}
	if err := erase().Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	p.want(underWay, "0")
	if _, err := p.finish(next); err != nil {
		t.Error(err)
	}
	p.want("select string_agg(coalesce(ended_at is not null, false)::text || (stopped is null), ' ' order by id) from etl.maintenance",
		"truefalse truetrue truefalse truetrue")

	// An erasure that is refused waits for a try of it that is about to have the shop forget the customer.
	if _, _, err := p.Shop.TakeMaintenance(t.Context(), store.ErasureMaintenance(7, "refused")); err != nil {
		t.Fatal(err)
	}
	release = p.holdLock("etl.erasures in access exclusive mode")
	erased, abandoned := make(chan error, 1), make(chan error, 1)
	go func() { erased <- p.Shop.EraseCustomer(t.Context(), 7) }()
	p.eventually("the shop is about to forget the customer", func() bool { return p.waiting() == 1 })
	held := false
	go func() {
		var err error
		held, err = p.Shop.AbandonErasure(t.Context(), 7)
		abandoned <- err
	}()
	p.eventually("the refusal waits for that", func() bool { return p.waiting() == 2 })
	release()
	if err := errors.Join(<-erased, <-abandoned); err != nil || !held {
		t.Errorf("given up while the shop forgot the customer: held %t, %v", held, err)
	}
	p.want(underWay, "1")
}

// waiting is how many wait for a lock in the shop's database.
func (p *pipeline) waiting() (sessions int) {
	p.t.Helper()
	err := p.Shop.Pool.QueryRow(p.t.Context(), `select count(*) from pg_stat_activity
		where wait_event_type = 'Lock' and datname = current_database()`).Scan(&sessions)
	if err != nil {
		p.t.Fatal(err)
	}
	return sessions
}

// details is what an operator sees of a workflow in the Temporal UI, "" until it has said something.
func (p *pipeline) details(started client.WorkflowRun) string {
	p.t.Helper()
	answer, err := p.temporal.QueryWorkflow(p.t.Context(), started.GetID(), started.GetRunID(), "__temporal_workflow_metadata")
	var told sdkpb.WorkflowMetadata
	if err != nil || answer.Get(&told) != nil {
		return ""
	}
	return told.GetCurrentDetails()
}

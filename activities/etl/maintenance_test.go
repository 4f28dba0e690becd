package etl_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/store"
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
	p.want("select waits_for is null from etl.runs where state = 'cancelled'", "true")
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

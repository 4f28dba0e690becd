package etl_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/activities/etl"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

func TestOneExecutionOfARunAtATime(t *testing.T) {
	t.Parallel()
	p := setup(t)
	run, _ := p.load("2026-03-01", "2026-03-02")
	for want := int32(2); want <= 3; want++ {
		last := shopdb.NextExecutionParams{ID: run.ID, Execution: want - 1}
		if got, err := p.Shop.NextExecution(t.Context(), last); err != nil || got != want {
			t.Fatalf("replay number %d, %v, want %d", got, err, want)
		}
		if number, err := p.Shop.NextExecution(t.Context(), last); !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("asked for at the same time, the second is numbered %d, %v", number, err)
		}
	}
	begin := func(execution int) error {
		run.Execution = execution
		_, err := p.Begin(t.Context(), etl.BeginRequest{
			Run: run, From: etl.Clean, Trigger: "manual", WorkflowID: workflows.ETLID(run.ID, execution),
		})
		return err
	}
	if err := begin(2); err == nil || !strings.Contains(err.Error(), "replayed since") {
		t.Errorf("the replay that was overtaken begins: %v", err)
	}
	p.want("select state from etl.runs", etl.Succeeded)
	if err := begin(3); err != nil {
		t.Error(err)
	}
	if number, err := p.Shop.NextExecution(t.Context(), shopdb.NextExecutionParams{ID: run.ID, Execution: 3}); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("a run under way is replayed as %d, %v", number, err)
	}
}

func TestExecutionThatWasOvertakenPublishesNothing(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	release := p.hold()
	started := p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract)
	p.awaitHeld()
	p.exec("update etl.runs set execution = 2")
	p.exec("select staging.open('sales', id, 2) from etl.runs")
	release()
	if _, err := p.finish(started); err == nil || !strings.Contains(err.Error(), "publish: execution 1 of run") {
		t.Fatalf("the run ended with %v", err)
	}
	p.want("select count(*) from warehouse.sales", "0")
	p.want("select state || execution from etl.runs", "running2")
	// What it has staged goes with it, and what the later one has staged stays.
	p.want("select string_agg(left(relname, 6) || right(relname, 2), ' ') from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'", "sales__2")
}

func TestRunWhoseWorkflowWasTerminatedIsReplayed(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	p.workProcess()
	release := p.hold()
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	started := p.start(run, etl.Extract)
	p.awaitHeld()
	if _, stderr, code := p.ran("etl", "replay", run.ID.String(), "--from", "gold"); code != 1 || !strings.Contains(stderr, "still running") {
		t.Errorf("replayed what is under way: code %d, %s", code, stderr)
	}
	if err := p.temporal.TerminateWorkflow(t.Context(), started.GetID(), "", "an operator's mistake"); err != nil {
		t.Fatal(err)
	}
	p.want("select state from etl.runs", etl.Running)
	release()
	stdout, stderr, code := p.ran("etl", "replay", run.ID.String(), "--from", "gold")
	if code != 0 || stdout != run.ID.String()+" succeeded" {
		t.Fatalf("code %d, printed %q, said %s", code, stdout, stderr)
	}
	p.same(warehouseRevenue, shopRevenue)
	p.want("select state || execution from etl.runs", "succeeded2")
	p.want("select count(*) from etl.steps where state = 'running'", "0")
	p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")

	// The workflow was lost when the load had published, and before it could say so.
	p.exec("update etl.runs set state = 'running', finished_at = null, published_execution = null, workflow_id = 'etl/nobody-knows'")
	lost, err := p.operators().Lost(t.Context(), run.ID, 0)
	if err == nil && lost != nil { // the worker may have found it before
		err = p.operators().Fail(t.Context(), lost)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.want("select state || published_execution from etl.runs", "failed2")

	// Temporal's data were lost.
	p.exec("update etl.runs set state = 'running', finished_at = null, workflow_id = 'etl/nobody-knows'")
	p.exec("update etl.steps set state = 'running', finished_at = null where execution = 2 and step = 'publish'")
	if stdout, stderr, code := p.ran("etl", "replay", run.ID.String(), "--from", "stage"); code != 0 || stdout != run.ID.String()+" succeeded" {
		t.Errorf("code %d, printed %q, said %s", code, stdout, stderr)
	}
	p.want("select state || ': ' || error from etl.steps where execution = 2 and step = 'publish'",
		"failed: Temporal does not know workflow etl/nobody-knows")
}

func TestRefusedReplayStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.workProcess()
	stdout, stderr, code := p.ran("etl", "run", "--from", "2026-03-01")
	id, _, _ := strings.Cut(stdout, " ")
	if code != 0 {
		t.Fatal(stderr)
	}
	objects, frozen := p.objects(), "_runs/run="+id+"/snapshot.json"
	snapshot := objects.get("raw", frozen)
	objects.remove("raw", frozen)
	stdout, stderr, code = p.ran("etl", "replay", id, "--from", "clean")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "never finished its extract") || strings.Contains(stderr, "succeeded") {
		t.Errorf("code %d, printed %q, said %s", code, stdout, stderr)
	}
	p.want("select state from etl.runs", etl.Succeeded)
	objects.put("raw", frozen, snapshot)
	if stdout, stderr, code = p.ran("etl", "replay", id, "--from", "clean"); code != 0 || stdout != id+" succeeded" {
		t.Errorf("code %d, printed %q, said %s", code, stdout, stderr)
	}
	stdout, _, _ = p.ran("etl", "status", id)
	if !strings.Contains(stdout, "totals are equal") || !strings.Contains(stdout, "NOTE") {
		t.Errorf("etl status does not tell what the steps noted: %s", stdout)
	}
}

package etl_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/worker"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/workflows"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata")

// TestHistoriesOfLoads runs a load, a replay, a load that fails, a rollback, a backfill and a prune.
func TestHistoriesOfLoads(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	again, err := p.replay(run, etl.Gold)
	if err != nil {
		t.Fatal(err)
	}
	p.objects().remove(lake.Gold, p.manifest(again, lake.Gold, "sales").Parts[0].Key)
	failed, err := p.replay(again, etl.Stage)
	if err == nil {
		t.Fatal("staged a table whose file is gone")
	}
	for name, run := range map[string]etl.Run{"etl_run": run, "etl_replay": again, "etl_failed": failed} {
		p.keep(name, workflows.ETLID(run.ID, run.Execution))
	}
	first, second, third := workflows.ETLID(run.ID, 1), workflows.ETLID(run.ID, 2), workflows.ETLID(run.ID, 3)
	p.wantFound("EtlRunId = '"+run.ID.String()+"' and EtlTrigger = 'manual'", first, second, third)
	p.wantFound("ExecutionStatus = 'Failed' and EtlStep = 'stage'", third)
	p.wantFound("EtlFailedTables = 'sales'", third)
	p.wantFound("EtlFailedTables = 'refunds'")
	p.wantFound("EtlStep = 'publish' and EtlFailedTables is null", first, second)
	p.wantFound("EtlIntervalFrom < '2026-03-01T12:00:00Z' and EtlIntervalTo > '2026-03-01T12:00:00Z'", first, second, third)
	p.wantFound("EtlIntervalFrom < '2026-03-02T12:00:00Z' and EtlIntervalTo > '2026-03-02T12:00:00Z'")
	if _, err := p.rollback(&run.ID, false); err != nil {
		t.Fatal(err)
	}
	p.keep("etl_rollback", workflows.RollbackID(p.queue()))
	p.wantFound("WorkflowType = 'RollbackETL' and EtlRunId = '"+run.ID.String()+"' and EtlStep = 'publish'", workflows.RollbackID(p.queue()))
	if _, err := p.backfill("2026-02-28", "2026-03-02", 2); err != nil {
		t.Fatal(err)
	}
	backfill := workflows.BackfillID(p.queue(), span(t, "2026-02-28", "2026-03-02"))
	p.keep("etl_backfill", backfill)
	p.wantFound("WorkflowType = 'BackfillETL' and EtlStep = 'last' and EtlIntervalFrom < '2026-02-28T12:00:00Z' and EtlIntervalTo > '2026-03-01T12:00:00Z'", backfill)
	months := strings.Fields(p.text("select string_agg(workflow_id, ' ') from etl.runs where trigger = 'backfill'"))
	p.wantFound("ParentWorkflowId = '"+backfill+"' and EtlTrigger = 'backfill'", months...)
	p.pruned(p.startPrune(false))
	p.keep("etl_prune", workflows.PruneID(p.queue()))
}

// wantFound compares what an operator finds by a query in the UI; Temporal's index is a moment behind.
func (p *pipeline) wantFound(query string, want ...string) {
	p.t.Helper()
	slices.Sort(want)
	p.eventually(query+" finds "+strings.Join(want, " "), func() bool {
		list, err := p.temporal.ListWorkflow(p.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("(%s) and TaskQueue = '%s'", query, p.queue()),
		})
		if err != nil {
			p.t.Fatalf("%s: %v", query, err)
		}
		var found []string
		for _, execution := range list.GetExecutions() {
			found = append(found, execution.GetExecution().GetWorkflowId())
		}
		slices.Sort(found)
		return slices.Equal(found, want)
	})
}

// keep replays what the server has kept of a workflow and, with -record, keeps it for
// TestRecordedLoadsReplay.
func (p *pipeline) keep(name, workflowID string) {
	p.t.Helper()
	kept := p.history(workflowID)
	replayer := sdk.NewWorkflowReplayer()
	for _, workflow := range []any{workflows.DailyETL, workflows.RollbackETL, workflows.BackfillETL, workflows.PruneLake, workflows.EraseCustomer} {
		replayer.RegisterWorkflow(workflow)
	}
	if err := replayer.ReplayWorkflowHistory(nil, kept); err != nil {
		p.t.Errorf("%s: %v", name, err)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: "  "}.Marshal(kept)
	if err != nil {
		p.t.Fatal(err)
	}
	if personal.Match(text) {
		p.t.Errorf("%s holds what it should not: %s", name, personal.Find(text))
	}
	if *record {
		file := filepath.Join("..", "..", "workflows", "testdata", name+".json")
		anonymous := machine.ReplaceAll(text, []byte(`"worker"`))
		if err := os.WriteFile(file, append(anonymous, '\n'), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// personal is what the customers of the fixture have, and no history may hold; machine is where
// a history was recorded.
var (
	personal = regexp.MustCompile(`(?i)person\d|family\d|example\.org|secret-token|a key|flumpmail|` + strings.Join(ofZyx, "|"))
	machine  = regexp.MustCompile(`"(\d+@[^"]*)"`)
)

func (p *pipeline) history(id string) *history.History {
	p.t.Helper()
	kept := &history.History{}
	events := p.temporal.GetWorkflowHistory(p.t.Context(), id, "", true, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			p.t.Fatal(err)
		}
		kept.Events = append(kept.Events, event)
	}
	return kept
}

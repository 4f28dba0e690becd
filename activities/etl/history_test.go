package etl_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	sdk "go.temporal.io/sdk/worker"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/workflows"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata")

// TestHistoriesOfLoads runs a load, a replay, a load that fails, a rollback and a backfill.
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
	if _, err := p.rollback(&run.ID, false); err != nil {
		t.Fatal(err)
	}
	p.keep("etl_rollback", workflows.RollbackID(p.queue()))
	if _, err := p.backfill("2026-02-28", "2026-03-02", 2); err != nil {
		t.Fatal(err)
	}
	p.keep("etl_backfill", workflows.BackfillID(p.queue(), span(t, "2026-02-28", "2026-03-02")))
}

// keep replays what the server has kept of a workflow and, with -record, keeps it for
// TestRecordedLoadsReplay.
func (p *pipeline) keep(name, workflowID string) {
	p.t.Helper()
	kept := p.history(workflowID)
	replayer := sdk.NewWorkflowReplayer()
	for _, workflow := range []any{workflows.DailyETL, workflows.RollbackETL, workflows.BackfillETL} {
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
	personal = regexp.MustCompile(`(?i)person\d|family\d|example\.org|secret-token|a key`)
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

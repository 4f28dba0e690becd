package workflows_test

import (
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	sdk "go.temporal.io/sdk/worker"

	"mercado/workflows"
)

// TestRecordedLoadsReplay is TestRecordedOrdersReplay for loads, recorded by
//
//	go test ./activities/etl -run 'TestHistoriesOfLoads|TestPublishProves' -record
func TestRecordedLoadsReplay(t *testing.T) {
	t.Parallel()
	recorded, err := filepath.Glob(filepath.Join("testdata", "etl_*.json"))
	if err != nil || len(recorded) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, file := range recorded {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := sdk.NewWorkflowReplayer()
			for _, workflow := range []any{workflows.DailyETL, workflows.RollbackETL, workflows.BackfillETL, workflows.PruneLake} {
				replayer.RegisterWorkflow(workflow)
			}
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, file); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestETLWorkflowIDs(t *testing.T) {
	t.Parallel()
	run := uuid.MustParse("01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa")
	for got, want := range map[string]string{
		workflows.ETLID(run, 1): "etl/01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa",
		workflows.ETLID(run, 3): "etl/01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa/3",
	} {
		if got != want {
			t.Errorf("the id is %s, want %s", got, want)
		}
	}
}

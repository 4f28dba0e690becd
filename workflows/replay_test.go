package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "go.temporal.io/sdk/worker"

	"mercado/workflows"
)

// register registers the workflows whose histories are recorded: those of the shop, and those of loads.
func register(r sdk.WorkflowReplayer) {
	for _, of := range []any{
		workflows.Checkout, workflows.Fulfilment, workflows.Refund,
		workflows.Audit, workflows.Webhooks, workflows.SweepHolds, workflows.ImportProducts,
		workflows.DailyETL, workflows.RollbackETL, workflows.BackfillETL, workflows.PruneLake, workflows.EraseCustomer,
	} {
		r.RegisterWorkflow(of)
	}
}

// TestRecordedOrdersReplay runs the code of today over histories of real runs: orders that are
// under way when a new version is deployed must go on. The histories are recorded from a real
// server by
//
//	go test ./worker -run TestHistories -record
//
// Those of orders are in testdata itself: the crash matrix has a point for each of their steps.
// Record new ones under new names when a workflow learns something; keep those of released code.
func TestRecordedOrdersReplay(t *testing.T) {
	t.Parallel()
	for _, file := range histories(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			if err := replay(t, file, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// histories are the files of all recorded workflows of the shop.
func histories(t *testing.T) (files []string) {
	t.Helper()
	recorded, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	operations, err := filepath.Glob(filepath.Join("testdata", "operations", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(recorded, operations...) {
		if !strings.HasPrefix(filepath.Base(file), "etl_") {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		t.Fatal("no history is recorded")
	}
	return files
}

// ended reports whether a history was recorded to the end of its workflow.
func ended(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED")
}

package workflows_test

import (
	"path/filepath"
	"testing"

	sdk "go.temporal.io/sdk/worker"

	"mercado/workflows"
)

// TestRecordedOrdersReplay runs the code of today over histories of real runs: orders that are
// under way when a new version is deployed must go on. The histories are recorded from a real
// server by
//
//	go test ./worker -run TestHistoriesOfOrders -record
//
// Record new ones under new names when a workflow learns something; keep those of released code.
func TestRecordedOrdersReplay(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"checkout_*.json", "fulfilment_*.json"} {
		recorded, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(recorded) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range recorded {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				replayer := sdk.NewWorkflowReplayer()
				replayer.RegisterWorkflow(workflows.Checkout)
				replayer.RegisterWorkflow(workflows.Fulfilment)
				if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, file); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

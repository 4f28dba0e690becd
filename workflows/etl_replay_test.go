package workflows_test

import (
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"mercado/workflows"
)

// TestRecordedLoadsReplay is TestRecordedOrdersReplay for loads, recorded by
//
//	go test ./activities/etl -run 'TestHistoriesOfLoads|TestPublishProves|TestErased|TestErasureGoesOn' -record
func TestRecordedLoadsReplay(t *testing.T) {
	t.Parallel()
	for _, file := range loads(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			if err := replay(t, file, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// loads are the files of all recorded workflows of loads and of what is done to what they made.
func loads(t *testing.T) []string {
	t.Helper()
	recorded, err := filepath.Glob(filepath.Join("testdata", "etl_*.json"))
	if err != nil || len(recorded) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	return recorded
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

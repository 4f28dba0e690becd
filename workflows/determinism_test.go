package workflows_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCheckOfWorkflowsCatchesAClock shows that the check that `make lint` runs over this package
// is able to fail.
func TestCheckOfWorkflowsCatchesAClock(t *testing.T) {
	t.Parallel()
	check := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/go.mod", "workflowcheck", "./workflows/testdata/clock")
	check.Dir = ".."
	said, err := check.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "clock.Expire is non-deterministic") || !strings.Contains(string(said), "time.Now") {
		t.Errorf("the planted clock was not caught: %v\n%s", err, said)
	}
}

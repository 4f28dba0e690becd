package audit_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mercado/internal/audit"
	"mercado/internal/devstack"
)

// TestRunbookSaysWhatToDo compares the table of docs/runbooks/audit.md with the checks there are.
func TestRunbookSaysWhatToDo(t *testing.T) {
	t.Parallel()
	checks, err := audit.Checks()
	if err != nil {
		t.Fatal(err)
	}
	ofProviders, err := audit.AskProviders(t.Context(), nil, nil, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	known := []string{ofProviders.Name}
	for _, check := range checks {
		known = append(known, check.Name)
	}
	root, err := devstack.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "runbooks", "audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	name := regexp.MustCompile("`([a-z_]+)`")
	for line := range strings.Lines(string(text)) {
		if first, is := strings.CutPrefix(line, "| "); is {
			first, _, _ = strings.Cut(first, "|")
			for _, found := range name.FindAllStringSubmatch(first, -1) {
				listed = append(listed, found[1])
			}
		}
	}
	slices.Sort(known)
	slices.Sort(listed)
	if !slices.Equal(listed, known) {
		t.Errorf("the runbook says what to do about %v, the checks are %v", listed, known)
	}
}

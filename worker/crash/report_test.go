package crash_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// commit is that of the sources, with a mark when they were changed since.
func commit(t *testing.T) string {
	t.Helper()
	described, err := exec.CommandContext(t.Context(), "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(described))
}

// tell prints what became of each step under each victim, and writes it down. sources is the commit that was
// tried.
func tell(t *testing.T, sources string, outcomes []outcome, took time.Duration) {
	t.Helper()
	type cell struct{ tried, well int }
	table := map[string]map[string]*cell{}
	points := map[string]bool{}
	well, orders, slowest := 0, 0, 0.0
	for _, o := range outcomes {
		row := fmt.Sprintf("%s\t%s %s\t%s", strings.SplitN(o.at.History, "_", 2)[0], o.at.Kind, o.at.Name, o.at.Phase)
		if table[row] == nil {
			table[row] = map[string]*cell{}
		}
		if table[row][o.Victim] == nil {
			table[row][o.Victim] = &cell{}
		}
		table[row][o.Victim].tried++
		if o.Wrong == "" {
			table[row][o.Victim].well++
			well++
		}
		points[o.Point] = true
		orders += len(o.purchases())
		slowest = max(slowest, o.Recovered)
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "workflow\tstep\tkilled when\t%s\n", strings.Join(victims, "\t"))
	rows := make([]string, 0, len(table))
	for row := range table {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	for _, row := range rows {
		_, _ = fmt.Fprint(w, row)
		for _, victim := range victims {
			if c := table[row][victim]; c != nil {
				_, _ = fmt.Fprintf(w, "\t%d of %d", c.well, c.tried)
			} else {
				_, _ = fmt.Fprint(w, "\t-")
			}
		}
		_, _ = fmt.Fprintln(w)
	}
	_ = w.Flush()
	t.Logf("\n%s\n%d of %d crashes ended as they should, the slowest order after %.0f s; in %s", text.String(), well, len(outcomes), slowest, took.Round(time.Second))
	if *report == "" {
		return
	}
	written, err := json.MarshalIndent(struct {
		Commit   string    `json:"commit"`
		At       string    `json:"at"`
		Points   int       `json:"points"`
		Kills    int       `json:"kills"`
		Orders   int       `json:"orders"`
		Well     int       `json:"well"`
		Seconds  float64   `json:"seconds"`
		Slowest  float64   `json:"slowest_recovery_seconds"`
		Limit    float64   `json:"recovery_limit_seconds"`
		Outcomes []outcome `json:"outcomes"`
	}{sources, time.Now().UTC().Format(time.RFC3339), len(points), len(outcomes), orders, well, took.Seconds(), slowest, recoveryLimit.Seconds(), outcomes}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*report, append(written, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

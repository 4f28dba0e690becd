package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

// bound says on which side of its target a ratio must be.
type bound string

const (
	atLeast bound = "at least"
	atMost  bound = "at most"
)

// report is what a run has found.
type report struct {
	Commit  string   `json:"commit"`
	At      string   `json:"at"`
	Quick   bool     `json:"quick,omitempty"` // too short to mean much
	Machine machine  `json:"machine"`
	Targets []target `json:"targets"`
	Figures []row    `json:"figures"`
}

// machine is what it ran on, and how busy that was with other things.
type machine struct {
	CPU      string `json:"cpu"`
	CPUs     int    `json:"cpus"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	Load     string `json:"load_before"` // of the last 1, 5 and 15 minutes
}

// target is a ratio of two figures of this run, and what it should be.
type target struct {
	What  string  `json:"what"`
	Ratio float64 `json:"ratio"`
	Bound bound   `json:"bound"`
	Want  float64 `json:"want"`
	Met   bool    `json:"met"`
}

// row is one figure.
type row struct {
	Part    string  `json:"part"`
	Case    string  `json:"case"`
	Subject string  `json:"subject"`
	Figure  *figure `json:"figure,omitempty"`
}

func newReport(ctx context.Context, s *servers, quick bool) (*report, error) {
	connection, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close(ctx) }()
	r := &report{
		At: time.Now().UTC().Format(time.RFC3339), Quick: quick,
		Machine: machine{CPUs: runtime.NumCPU(), Go: runtime.Version()},
	}
	if err := connection.QueryRow(ctx, "show server_version").Scan(&r.Machine.Postgres); err != nil {
		return nil, err
	}
	commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	r.Commit = strings.TrimSpace(string(commit))
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(info), "model name")
		line, _, _ := strings.Cut(after, "\n")
		r.Machine.CPU = strings.Trim(line, "\t: ")
	}
	if info, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.Machine.Load = strings.Join(strings.Fields(string(info))[:3], " ")
	}
	return r, nil
}

func (r *report) add(part, name string, figures map[string]*figure) {
	for _, subject := range slices.Sorted(maps.Keys(figures)) {
		r.Figures = append(r.Figures, row{part, name, subject, figures[subject]})
	}
}

func (r *report) target(what string, ratio float64, b bound, want float64) {
	met := ratio >= want
	if b == atMost {
		met = ratio <= want
	}
	r.Targets = append(r.Targets, target{what, ratio, b, want, met})
}

func (r *report) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// print draws the report as tables.
func (r *report) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "part\tcase\tsubject\thighest/s\tsustained/s\tp50 ms\tp99 ms\tp50 ms at half\tp99 ms at half\tCPU ms each\t")
	for _, row := range r.Figures {
		f := row.Figure
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n", row.Part, row.Case, row.Subject,
			f.Highest, rate(f.Sustained), f.Sustained.P50, f.Sustained.P99, f.Unhurried.P50, f.Unhurried.P99, f.CPUTotal)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, t := range r.Targets {
		verdict := "met"
		if !t.Met {
			verdict = "MISSED"
		}
		fmt.Fprintf(w, "%-60s %6.2f  (%s %.2f: %s)\n", t.What, t.Ratio, t.Bound, t.Want, verdict)
	}
	return nil
}

// rate is what was sustained; the last that was tried, in brackets, when even that was not.
func rate(o outcome) string {
	if o.sustained() {
		return fmt.Sprintf("%.1f", o.Achieved)
	}
	return fmt.Sprintf("(%.1f)", o.Achieved)
}

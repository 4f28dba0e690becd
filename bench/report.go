package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// bound says on which side of its target a ratio must be.
type bound string

const (
	atLeast bound = "at least"
	atMost  bound = "at most"
)

// results are the parts that were measured last, each on its own occasion.
type results struct {
	Parts []*partResult `json:"parts"`
}

// partResult is what one part has found.
type partResult struct {
	Part    string   `json:"part"`
	Commit  string   `json:"commit"`
	At      string   `json:"at"`
	Quick   bool     `json:"quick,omitempty"` // too short to mean much
	Seconds float64  `json:"seconds"`
	Machine machine  `json:"machine"`
	Targets []target `json:"targets"`
	Figures []row    `json:"figures,omitempty"`
	Costs   []cost   `json:"costs,omitempty"`
}

// target is a ratio of two figures that were measured in turns.
type target struct {
	What  string  `json:"what"`
	Ratio float64 `json:"ratio"`
	Bound bound   `json:"bound,omitempty"` // empty: there is no target, the ratio is to be known
	Want  float64 `json:"want,omitempty"`
	Met   bool    `json:"met"`
}

// row is one figure.
type row struct {
	Case    string  `json:"case"`
	Subject string  `json:"subject"`
	Figure  *figure `json:"figure"`
}

// cost is what one piece of work took, the middle of its rounds.
type cost struct {
	Case    string    `json:"case"` // how many order lines
	Subject string    `json:"subject"`
	Rows    int64     `json:"rows"` // that went through it
	Seconds float64   `json:"seconds"`
	Rounds  []float64 `json:"rounds_s"`
	CPU     cpu       `json:"cpu_s"`    // by program
	PeakMiB float64   `json:"peak_mib"` // of the process that does the work
}

func (r *partResult) add(name string, figures map[string]*figure) {
	for _, subject := range slices.Sorted(maps.Keys(figures)) {
		r.Figures = append(r.Figures, row{name, subject, figures[subject]})
	}
}

// target notes a ratio and what it should be. One of nothing measured, 0, is met by nothing.
func (r *partResult) target(what string, ratio float64, b bound, want float64) {
	met := ratio > 0 && (b == atLeast && ratio >= want || b == atMost && ratio <= want)
	r.Targets = append(r.Targets, target{what, ratio, b, want, met})
}

// note notes a ratio that has no target.
func (r *partResult) note(what string, ratio float64) {
	r.Targets = append(r.Targets, target{What: what, Ratio: ratio, Met: true})
}

// missed are the targets that were not reached.
func (r *partResult) missed() (missed []string) {
	for _, t := range r.Targets {
		if !t.Met {
			missed = append(missed, t.What)
		}
	}
	return missed
}

// readResults reads what was measured before; nothing where there is no such file.
func readResults(path string) (results, error) {
	var r results
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// keep puts a part into a file, in the place of what was measured of it before, in the order of parts.
func keep(path string, measured *partResult) error {
	kept, err := readResults(path)
	if err != nil {
		return err
	}
	kept.Parts = slices.DeleteFunc(kept.Parts, func(p *partResult) bool { return p.Part == measured.Part })
	kept.Parts = append(kept.Parts, measured)
	place := func(p *partResult) int {
		return slices.IndexFunc(parts, func(known part) bool { return known.name == p.Part })
	}
	slices.SortStableFunc(kept.Parts, func(a, b *partResult) int { return place(a) - place(b) })
	return kept.write(path)
}

// write replaces the file as a whole: whoever is interrupted leaves the one before.
func (r *results) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // to be read by anybody
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, append(content, '\n'), 0o644); err != nil { //nolint:gosec // to be read by anybody
		return err
	}
	return os.Rename(fresh, path)
}

// print draws what was measured as a table.
func printResults(w io.Writer, measured []*partResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "part\tcase\tsubject\thighest/s\tsustained/s\tp50 ms\tp99 ms\tat/s\tp50 ms\tp99 ms\tCPU ms each\t")
	for _, part := range measured {
		for _, row := range part.Figures {
			f := row.Figure
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t%s\t%s\t%.1f\t\n", part.Part, row.Case, row.Subject,
				f.Highest, f.Sustained.columns(), f.Same.columns(), f.CPUTotal)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := printCosts(w, measured); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	for _, part := range measured {
		for _, t := range part.Targets {
			_, _ = fmt.Fprintln(w, t)
		}
	}
	return nil
}

func printCosts(w io.Writer, measured []*partResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, part := range measured {
		if len(part.Costs) > 0 {
			_, _ = fmt.Fprintln(table, "case\tsubject\trows\tseconds\tCPU s\tpeak MiB\t")
		}
		for _, c := range part.Costs {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%.2f\t%.2f\t%.0f\t\n", c.Case, c.Subject, c.Rows, c.Seconds, c.CPU.total(), c.PeakMiB)
		}
	}
	return table.Flush()
}

// columns are the rate and two latencies; where there are too few for a p99, the p95 is told, as
// such.
func (o outcome) columns() string {
	switch {
	case o.Samples == 0:
		return "none\t\t"
	case o.P99 == nil:
		return fmt.Sprintf("%.1f\t%.1f\tp95: %.1f", o.Rate, o.P50, o.P95)
	default:
		return fmt.Sprintf("%.1f\t%.1f\t%.1f", o.Rate, o.P50, *o.P99)
	}
}

// String is a line of the report.
func (t target) String() string {
	verdict := fmt.Sprintf("(%s %.2f: met)", t.Bound, t.Want)
	switch {
	case t.Bound == "":
		verdict = "(no target)"
	case !t.Met:
		verdict = fmt.Sprintf("(%s %.2f: MISSED)", t.Bound, t.Want)
	}
	return fmt.Sprintf("%-72s %6.2f  %s", t.What, t.Ratio, verdict)
}

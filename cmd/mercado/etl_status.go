package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// ETLStatusCmd shows runs.
type ETLStatusCmd struct {
	settings.Database
	ID    *runID `arg:"" optional:"" name:"run" help:"Show this run, step by step."`
	Watch bool   `name:"watch" help:"Show the run, or the latest, again and again until it has ended; a line for each step that ends where the output is no terminal. The exit code is 0 when it has succeeded."`
	Limit int    `name:"limit" default:"20" help:"Show at most so many runs, newest first."`
}

// Validate implements kong's validation hook.
func (c *ETLStatusCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run implements the command.
func (c *ETLStatusCmd) Run(ctx context.Context, g *Globals) error {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	if c.Watch {
		return c.watch(ctx, g, db)
	}
	list := struct {
		Items       []store.Run                 `json:"items"`
		Maintenance []store.MaintenanceUnderWay `json:"maintenance"`
	}{}
	if list.Maintenance, err = db.MaintenanceUnderWay(ctx); err != nil {
		return err
	}
	if c.ID == nil {
		if list.Items, err = db.Runs(ctx, c.Limit); err != nil {
			return err
		}
		return g.print(list, func(w io.Writer) error {
			if err := printMaintenance(w, list.Maintenance); err != nil {
				return err
			}
			return printRuns(w, list.Items)
		})
	}
	run, err := db.Run(ctx, uuid.UUID(*c.ID))
	if err != nil {
		return err
	}
	list.Items = []store.Run{*run}
	return g.print(list, func(w io.Writer) error { return printRun(w, run, list.Maintenance) })
}

// printMaintenance writes a line for each, none where there is none.
func printMaintenance(w io.Writer, underWay []store.MaintenanceUnderWay) error {
	for _, m := range underWay {
		if _, err := fmt.Fprintln(w, maintenanceLine(m)); err != nil {
			return err
		}
	}
	return nil
}

func maintenanceLine(m store.MaintenanceUnderWay) string {
	line := fmt.Sprintf("%s since %s, workflow %s", m, m.BeganAt.Format(time.DateTime), m.WorkflowID)
	switch {
	case m.Stopped != nil:
		line += ": STOPPED, " + *m.Stopped
	case m.WaitsFor != nil:
		line += ": waits for " + *m.WaitsFor
	case m.HoldsRuns:
		line += ": loads wait for its end"
	}
	return line
}

// watch follows the run, or the latest.
func (c *ETLStatusCmd) watch(ctx context.Context, g *Globals, db *store.DB) error {
	if c.ID != nil {
		return watch(ctx, g, db, uuid.UUID(*c.ID))
	}
	latest, err := db.Runs(ctx, 1)
	if err != nil {
		return err
	}
	if len(latest) == 0 {
		return errors.New("there is no run to watch")
	}
	return watch(ctx, g, db, latest[0].ID)
}

func printRuns(w io.Writer, runs []store.Run) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tFROM\tTO\tATTEMPT\tSTATE\tROWS\tSTARTED\tTOOK")
	for i := range runs {
		run := &runs[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", run.ID, run.Interval.From, run.Interval.To,
			run.Attempt, shownState(run), published(run), run.StartedAt.Format(time.DateTime), took(run))
	}
	return table.Flush()
}

// shownState also says what the run waits for, and whether its files are removed.
func shownState(run *store.Run) string {
	if run.WaitsFor != nil {
		return run.State + ", waits for " + *run.WaitsFor
	}
	if run.PrunedAt != nil {
		return run.State + ", pruned"
	}
	return run.State
}

func published(run *store.Run) string {
	if run.Rows == nil {
		return ""
	}
	return fmt.Sprint(*run.Rows)
}

// took is how long the run's last execution took.
func took(run *store.Run) time.Duration {
	end := time.Now()
	if run.FinishedAt != nil {
		end = *run.FinishedAt
	}
	return end.Sub(run.ExecutionStartedAt).Round(time.Millisecond)
}

// printRun also tells of maintenance when the run waits for it.
func printRun(w io.Writer, run *store.Run, underWay []store.MaintenanceUnderWay) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "run\t%s\nworkflow\t%s\ndays\t%s to %s (exclusive)\nattempt\t%d, %s\nexecution\t%d, started %s, took %s\nstate\t%s\n",
		run.ID, run.WorkflowID, run.Interval.From, run.Interval.To, run.Attempt, run.Trigger,
		run.Execution, run.ExecutionStartedAt.Format(time.RFC3339), took(run), run.State)
	if run.ExtractedAt != nil {
		fmt.Fprintf(table, "extracted\t%s\n", run.ExtractedAt.Format(time.RFC3339))
	}
	if run.WaitsFor != nil {
		fmt.Fprintf(table, "waits for\t%s\n", *run.WaitsFor)
		for _, m := range underWay {
			fmt.Fprintf(table, "\t%s\n", maintenanceLine(m))
		}
	}
	if run.Error != nil {
		fmt.Fprintf(table, "error\t%s\n", *run.Error)
	}
	if run.Note != nil {
		fmt.Fprintf(table, "note\t%s\n", *run.Note)
	}
	if run.PrunedAt != nil {
		fmt.Fprintf(table, "pruned\t%s: its files are removed from the lake, it cannot be replayed\n", run.PrunedAt.Format(time.RFC3339))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(table, "STEP\tTABLE\tSTATE\tROWS IN\tROWS OUT\tREJECTED\tBYTES\tSECONDS\tTRIES\tNOTE")
	for _, step := range run.Steps {
		note := step.Note
		if step.Error != nil {
			note = *step.Error
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%.2f\t%d\t%s\n", step.Step, step.Table, step.State,
			step.RowsIn, step.RowsOut, step.RowsRejected, step.Bytes, step.Seconds, step.Tries, note)
	}
	return table.Flush()
}

// showSteps draws a bar of the steps of an execution on a terminal, and nothing elsewhere.
func showSteps(stderr io.Writer, from etl.Step) (show func(*store.Run, int), hide func()) {
	terminal, ok := stderr.(*os.File)
	models, err := model.Load()
	if !ok || err != nil || !isatty.IsTerminal(terminal.Fd()) {
		return func(*store.Run, int) {}, func() {}
	}
	gold := len(models.Zone(lake.Gold))
	sizes := map[etl.Step]int{
		etl.Extract: 1, etl.Clean: len(models.Zone(lake.Clean)), etl.Work: len(models.Zone(lake.Work)),
		etl.Gold: gold, etl.Stage: gold, etl.Reconcile: 1, etl.Publish: 1,
	}
	all := 0
	for _, step := range etl.Steps[min(from.At(), etl.Stage.At()):] {
		all += sizes[step]
	}
	bar := progressbar.NewOptions(all, progressbar.OptionSetWriter(terminal), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	show = func(run *store.Run, execution int) {
		done, now := 0, "waiting"
		for _, step := range run.Steps {
			if int(step.Execution) != execution || (step.Step == string(etl.Extract) && step.Table != "") {
				continue
			}
			if step.State != etl.Running {
				done++
			} else {
				now = strings.TrimSpace(step.Step + " " + step.Table)
			}
		}
		bar.Describe(fmt.Sprintf("%-24s", now))
		_ = bar.Set(min(done, all))
	}
	return show, func() { _ = bar.Finish() }
}

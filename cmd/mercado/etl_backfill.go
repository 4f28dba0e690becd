package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/runs"
)

// ETLBackfillCmd loads many days.
type ETLBackfillCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	From     string `name:"from" required:"" placeholder:"DAY" help:"First day, yyyy-mm-dd, 2000-01-01 or later."`
	To       string `name:"to" required:"" placeholder:"DAY" help:"Day after the last."`
	TZ       string `name:"tz" default:"UTC" placeholder:"ZONE" help:"Time zone of the days. The UTC days that hold them whole are loaded, as far as they have begun."`
	Parallel int    `name:"parallel" default:"2" help:"How many months are loaded at once."`

	span lake.Span
}

// Validate implements kong's validation hook.
func (c *ETLBackfillCmd) Validate() (err error) {
	if c.span, err = runs.Days(c.From, c.To, c.TZ, time.Now()); err != nil {
		return fmt.Errorf("--%w", err)
	}
	if c.Parallel < 1 || c.Parallel > runs.MostParallel {
		return fmt.Errorf("--parallel %d: want 1 to %d", c.Parallel, runs.MostParallel)
	}
	return c.ETL.Validate()
}

// Run implements the command.
func (c *ETLBackfillCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	backfill, err := servers.runs.Backfill(ctx, c.span, c.Parallel)
	if err != nil {
		return err
	}
	show, hide := showMonths(g.stderr)
	progress, err := backfill.Wait(ctx, show)
	hide()
	if err != nil {
		return err
	}
	return g.print(progress, func(w io.Writer) error {
		if progress.Done > 0 {
			if _, err := fmt.Fprintf(w, "%d of %d months were loaded before, by an earlier try of this backfill with the same models\n",
				progress.Done, progress.Done+len(progress.Months)); err != nil {
				return err
			}
		}
		for _, month := range progress.Months {
			if _, err := fmt.Fprintf(w, "%s %s %s %s\n", month.RunID, month.Days.From, month.Days.To, month.State); err != nil {
				return err
			}
			if month.Note != "" {
				if _, err := fmt.Fprintln(w, month.Note); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// showMonths draws a bar of the months of a backfill on a terminal, and nothing elsewhere.
func showMonths(stderr io.Writer) (show func(runs.BackfillProgress), hide func()) {
	terminal, ok := stderr.(*os.File)
	if !ok || !isatty.IsTerminal(terminal.Fd()) {
		return func(runs.BackfillProgress) {}, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(terminal), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	show = func(progress runs.BackfillProgress) {
		bar.ChangeMax(progress.Done + len(progress.Months))
		done, now := progress.Done, ""
		for _, month := range progress.Months {
			switch month.State {
			case runs.Succeeded:
				done++
			case runs.Running:
				now = month.Days.From.String()
			}
		}
		bar.Describe(now)
		_ = bar.Set(done)
	}
	return show, func() { _ = bar.Finish() }
}

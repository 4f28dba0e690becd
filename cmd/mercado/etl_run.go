package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/runs"
)

// ETLRunCmd loads days.
type ETLRunCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	From string `name:"from" placeholder:"DAY" help:"First day, yyyy-mm-dd, 2000-01-01 or later (default: today)."`
	To   string `name:"to" placeholder:"DAY" help:"Day after the last (default: the day after --from)."`
	TZ   string `name:"tz" default:"UTC" placeholder:"ZONE" help:"Time zone of the days. The run loads the UTC days that hold them whole, as far as they have begun."`

	span lake.Span
}

// Validate implements kong's validation hook.
func (c *ETLRunCmd) Validate() (err error) {
	if c.span, err = runs.Days(c.From, c.To, c.TZ, time.Now()); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return nil
}

// Run implements the command.
func (c *ETLRunCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	execution, _, err := servers.runs.Start(ctx, c.span, nil)
	if err != nil {
		return err
	}
	return servers.await(ctx, g, execution)
}

// await waits for the end of an execution with progress on a terminal, and prints the run. An
// execution that does not succeed is an error.
func (s *etlServers) await(ctx context.Context, g *Globals, execution *runs.Execution) error {
	show, hide := showSteps(g.stderr, execution.From)
	run, ended := s.runs.Wait(ctx, execution, func(run *store.Run) { show(run, execution.Run.Execution) })
	hide()
	if ctx.Err() != nil {
		_, _ = fmt.Fprintf(g.stderr, "no longer waiting; the run goes on: mercado etl status %s\n", execution.Run.ID)
		return ctx.Err()
	}
	if run == nil {
		return ended
	}
	err := g.print(run, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s %s\n", run.ID, run.State)
		if err == nil && run.Note != nil {
			_, err = fmt.Fprintln(w, *run.Note)
		}
		return err
	})
	if ended != nil && err == nil {
		return ended
	}
	return err
}

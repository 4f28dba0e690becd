package main

import (
	"context"

	"github.com/google/uuid"

	"mercado/internal/settings"
	"mercado/runs"
)

// ETLReplayCmd does the steps of a run again.
type ETLReplayCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	ID   runID  `arg:"" name:"run" help:"The run, as etl status shows it."`
	From string `name:"from" required:"" enum:"extract,clean,work,gold,stage,reconcile,publish" help:"First step to do again (${enum}). From extract it is a new run of the same days. Reconcile and publish work on staged tables, which are staged again."`

	Recompute bool `name:"recompute" help:"Make every table anew, even those that would come out as they are. It shows whether they do."`
}

// Run implements the command.
func (c *ETLReplayCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	replay := servers.runs.Replay
	if c.Recompute {
		replay = servers.runs.Recompute
	}
	execution, err := replay(ctx, uuid.UUID(c.ID), runs.Step(c.From))
	if err != nil {
		return err
	}
	return servers.await(ctx, g, execution)
}

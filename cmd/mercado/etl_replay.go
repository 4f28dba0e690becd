package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/workflows"
)

// ETLReplayCmd does the steps of a run again.
type ETLReplayCmd struct {
	settings.Database
	settings.Temporal
	Tries int    `name:"etl-tries" env:"MERCADO_ETL_TRIES" default:"12" help:"How often a step is tried before the run has failed."`
	ID    runID  `arg:"" name:"run" help:"The run, as etl status shows it."`
	From  string `name:"from" required:"" enum:"extract,clean,work,gold,stage,reconcile,publish" help:"First step to do again (${enum}). From extract it is a new run of the same days. Reconcile and publish work on staged tables, which are staged again."`
}

// Validate implements kong's validation hook.
func (c *ETLReplayCmd) Validate() error { return validTries(c.Tries) }

// Run implements the command.
func (c *ETLReplayCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal)
	if err != nil {
		return err
	}
	defer servers.close()
	input, err := replayOf(ctx, servers.db, uuid.UUID(c.ID), etl.Step(c.From))
	if err != nil {
		return err
	}
	input.Tries = c.Tries
	return servers.carryOut(ctx, g, *input)
}

// replayOf is the next execution of a run that exists and is not under way.
func replayOf(ctx context.Context, db *store.DB, id uuid.UUID, from etl.Step) (*workflows.ETLInput, error) {
	run, err := db.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.State == etl.Running {
		return nil, fmt.Errorf("run %s is still running: wait for its end, or cancel workflow %s first", id, run.WorkflowID)
	}
	input := &workflows.ETLInput{From: from, Trigger: run.Trigger, Run: etl.Run{ID: id}}
	if input.Run.Interval.From, err = lake.ParseDay(run.Interval.From); err != nil {
		return nil, err
	}
	if input.Run.Interval.To, err = lake.ParseDay(run.Interval.To); err != nil {
		return nil, err
	}
	if from == etl.Extract {
		input.Run.ID, err = uuid.NewV7()
		input.Run.Execution, input.Trigger = 1, "manual"
		return input, err
	}
	last, err := db.LastExecution(ctx, id)
	input.Run.Execution = int(max(last, 1)) + 1
	return input, err
}

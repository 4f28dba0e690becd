package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
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
	input, err := servers.replayOf(ctx, uuid.UUID(c.ID), etl.Step(c.From))
	if err != nil {
		return err
	}
	input.Tries = c.Tries
	return servers.carryOut(ctx, g, *input)
}

// replayOf is the next execution of a run that exists and is not under way.
func (s *etlServers) replayOf(ctx context.Context, id uuid.UUID, from etl.Step) (*workflows.ETLInput, error) {
	run, err := s.db.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.State == etl.Running {
		if err := s.abandon(ctx, run); err != nil {
			return nil, err
		}
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
	execution, err := s.db.NextExecution(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, stillRunning(run)
	}
	input.Run.Execution = int(execution)
	return input, err
}

func stillRunning(run *store.Run) error {
	return fmt.Errorf("run %s is still running: wait for its end, or cancel workflow %s first", run.ID, run.WorkflowID)
}

// abandon records as failed a run whose workflow can no longer do so: it was terminated, or
// Temporal has lost it.
func (s *etlServers) abandon(ctx context.Context, run *store.Run) error {
	described, err := s.temporal.DescribeWorkflowExecution(ctx, run.WorkflowID, "")
	why := "Temporal does not know workflow " + run.WorkflowID
	if err == nil {
		state := described.GetWorkflowExecutionInfo().GetStatus()
		if state == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return stillRunning(run)
		}
		why = fmt.Sprintf("workflow %s was %s", run.WorkflowID, strings.ToLower(state.String()))
	} else if unknown := (*serviceerror.NotFound)(nil); !errors.As(err, &unknown) {
		return fmt.Errorf("look for workflow %s: %w", run.WorkflowID, err)
	}
	return s.db.AbandonRun(ctx, shopdb.AbandonRunParams{ID: run.ID, Execution: run.Execution, Error: why})
}

package runs

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
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// Replay does the steps of a run again from one on, from the files it has extracted; from extract it
// is a new run of the same days. The error is store.ErrUnknownRun, a *RunningError while the run,
// or an earlier replay of it, is under way, or a *PrunedError when its files are removed. Whether the run can be replayed from there is known when
// it has begun: see Begun.
//
// Tables that would come out as an earlier execution has made them are taken from it: see Recompute.
func (r *Runs) Replay(ctx context.Context, id uuid.UUID, from Step) (*Execution, error) {
	return r.replay(ctx, id, from, false)
}

// Recompute is Replay that makes every table anew, to see whether it comes out the same.
func (r *Runs) Recompute(ctx context.Context, id uuid.UUID, from Step) (*Execution, error) {
	return r.replay(ctx, id, from, true)
}

func (r *Runs) replay(ctx context.Context, id uuid.UUID, from Step, recompute bool) (*Execution, error) {
	run, err := r.shop.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := r.settle(ctx, run); err != nil {
		return nil, err
	}
	again := etl.Run{ID: id, FactsOnly: run.Scope == etl.FactsScope}
	if again.Interval.From, err = lake.ParseDay(run.Interval.From); err != nil {
		return nil, err
	}
	if again.Interval.To, err = lake.ParseDay(run.Interval.To); err != nil {
		return nil, err
	}
	if from == etl.Extract {
		started, _, err := r.Start(ctx, again.Interval, nil)
		return started, err
	}
	if run.PrunedAt != nil {
		return nil, &PrunedError{ID: id, At: *run.PrunedAt, Interval: run.Interval}
	}
	execution, err := r.shop.NextExecution(ctx, shopdb.NextExecutionParams{ID: id, Execution: run.Execution})
	if errors.Is(err, pgx.ErrNoRows) { // somebody else was faster
		return nil, &RunningError{ID: id, WorkflowID: run.WorkflowID}
	}
	if err != nil {
		return nil, fmt.Errorf("number a replay of run %s: %w", id, err)
	}
	again.Execution = int(execution)
	return r.execute(ctx, workflows.ETLInput{Run: again, From: from, Trigger: run.Trigger, Recompute: recompute})
}

// settle makes sure that nothing carries a run out: it returns a *RunningError when something does,
// and records as failed a run that is said to run and does not.
func (r *Runs) settle(ctx context.Context, run *store.Run) error {
	// A replay that was asked for last may not have begun yet: the record still has the workflow before it.
	last := workflows.ETLID(run.ID, int(run.Execution))
	if last != run.WorkflowID {
		running, _, err := r.lookAt(ctx, last)
		if err != nil {
			return err
		}
		if running {
			return &RunningError{ID: run.ID, WorkflowID: last}
		}
	}
	if run.State != Running {
		return nil
	}
	lost, err := r.abandon(ctx, run)
	if err == nil && !lost {
		return &RunningError{ID: run.ID, WorkflowID: run.WorkflowID}
	}
	return err
}

// FailLost records a run as failed when it says that it runs and its workflow was terminated, or
// Temporal has lost it. lost tells whether that was so.
func (r *Runs) FailLost(ctx context.Context, id uuid.UUID) (lost bool, err error) {
	run, err := r.shop.Run(ctx, id)
	if err != nil || run.State != Running {
		return false, err
	}
	return r.abandon(ctx, run)
}

// abandon records as failed a run whose workflow can no longer do so: it was terminated, or Temporal
// has lost it. lost tells whether that was so.
func (r *Runs) abandon(ctx context.Context, run *store.Run) (lost bool, err error) {
	running, why, err := r.lookAt(ctx, run.WorkflowID)
	if err != nil || running {
		return false, err
	}
	err = r.shop.AbandonRun(ctx, shopdb.AbandonRunParams{ID: run.ID, Execution: run.Execution, Error: why})
	if err != nil {
		return false, fmt.Errorf("record that run %s has failed: %w", run.ID, err)
	}
	return true, nil
}

// lookAt tells whether a workflow runs, and what became of it when it does not.
func (r *Runs) lookAt(ctx context.Context, workflowID string) (running bool, why string, err error) {
	described, err := r.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if unknown := (*serviceerror.NotFound)(nil); errors.As(err, &unknown) {
		return false, "Temporal does not know workflow " + workflowID, nil
	}
	if err != nil {
		return false, "", fmt.Errorf("look for workflow %s: %w", workflowID, err)
	}
	state := described.GetWorkflowExecutionInfo().GetStatus()
	return state == enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		fmt.Sprintf("workflow %s was %s", workflowID, strings.ToLower(state.String())), nil
}

// Cancel asks a run to end. It ends a moment later, as cancelled, unless it has been published by
// then. The error is store.ErrUnknownRun, or an *EndedError.
func (r *Runs) Cancel(ctx context.Context, id uuid.UUID) error {
	run, err := r.shop.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.State != Running {
		return &EndedError{ID: id, State: run.State}
	}
	if lost, err := r.abandon(ctx, run); lost || err != nil {
		return err
	}
	if err := r.temporal.CancelWorkflow(ctx, run.WorkflowID, ""); err != nil {
		return fmt.Errorf("cancel workflow %s: %w", run.WorkflowID, err)
	}
	return nil
}

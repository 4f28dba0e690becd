package runs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
		found, err := r.lookAt(ctx, last, "")
		if err != nil {
			return err
		}
		if found.running {
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

// Lost is a run that says that it runs, although nothing carries it out any more: its workflow was terminated, or Temporal
// has lost it.
type Lost struct {
	Run *store.Run
	Why string // one line
}

// Lost looks whether a run is lost, nil if not. A rollback is when its workflow was closed that long ago at least: its
// last step may outlive it.
func (r *Runs) Lost(ctx context.Context, id uuid.UUID, ago time.Duration) (*Lost, error) {
	run, err := r.shop.Run(ctx, id)
	if err != nil || run.State != Running {
		return nil, err
	}
	if !run.RollingBack {
		ago = 0
	}
	found, err := r.lookAt(ctx, run.WorkflowID, run.WorkflowRunID)
	if err != nil || !found.closed(ago) {
		return nil, err
	}
	return &Lost{run, found.why}, nil
}

// Fail records a load that was lost as failed. What has become of a rollback the warehouse knows, and it is left as it is:
// see etl.Activities.EndLostRollback.
func (r *Runs) Fail(ctx context.Context, lost *Lost) error {
	err := r.shop.AbandonRun(ctx, shopdb.AbandonRunParams{ID: lost.Run.ID, Execution: lost.Run.Execution, Error: lost.Why})
	if err != nil {
		return fmt.Errorf("record that run %s has failed: %w", lost.Run.ID, err)
	}
	return nil
}

// abandon records as failed a load whose workflow can no longer do so. lost tells whether that was so. A worker does it
// for a rollback.
func (r *Runs) abandon(ctx context.Context, run *store.Run) (lost bool, err error) {
	if run.RollingBack {
		return false, nil
	}
	found, err := r.Lost(ctx, run.ID, 0)
	if err != nil || found == nil {
		return false, err
	}
	return true, r.Fail(ctx, found)
}

// outcome is what has become of a workflow.
type outcome struct {
	running  bool
	closedAt time.Time // zero when Temporal does not know the workflow
	why      string    // what became of one that does not run, in one line
}

// closed tells whether the workflow does not run, and has not for that long.
func (o outcome) closed(ago time.Duration) bool {
	return !o.running && time.Since(o.closedAt) >= ago
}

// lookAt finds what has become of an execution of a workflow, "" for the latest.
func (r *Runs) lookAt(ctx context.Context, workflowID, execution string) (outcome, error) {
	described, err := r.temporal.DescribeWorkflowExecution(ctx, workflowID, execution)
	if unknown := (*serviceerror.NotFound)(nil); errors.As(err, &unknown) {
		return outcome{why: "Temporal does not know workflow " + workflowID}, nil
	}
	if err != nil {
		return outcome{}, fmt.Errorf("look for workflow %s: %w", workflowID, err)
	}
	info := described.GetWorkflowExecutionInfo()
	became := outcome{
		running: info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		why:     fmt.Sprintf("workflow %s was %s", workflowID, strings.ToLower(info.GetStatus().String())),
	}
	if closed := info.GetCloseTime(); closed != nil {
		became.closedAt = closed.AsTime()
	}
	return became, nil
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
	err = r.temporal.CancelWorkflow(ctx, run.WorkflowID, run.WorkflowRunID)
	if ended := (*serviceerror.NotFound)(nil); run.RollingBack && errors.As(err, &ended) {
		return nil // a worker is about to record how it ended
	}
	if err != nil {
		return fmt.Errorf("cancel workflow %s: %w", run.WorkflowID, err)
	}
	return nil
}

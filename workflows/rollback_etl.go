package workflows

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
	"mercado/internal/temporal/search"
)

// RollbackInput says which publishes RollbackETL undoes.
type RollbackInput struct {
	RunID     *uuid.UUID `json:"run_id"`     // whose; nil for the latest
	WithNewer bool       `json:"with_newer"` // undo those that came later first
	Tries     int        `json:"tries"`      // of a step, before the rollback has failed
}

// RollbackResult is what was undone.
type RollbackResult struct {
	RunID uuid.UUID   `json:"run_id"` // of which the rollback is an execution
	Runs  []uuid.UUID `json:"runs"`   // that had published, the latest first
	Rows  int64       `json:"rows"`   // put back
}

// RollbackETL puts back what stood before a publish, or several, from the parts that zone gold has
// kept: stage, reconcile, publish. It goes on record as an execution of the run that it undoes.
func RollbackETL(ctx workflow.Context, input RollbackInput) (*RollbackResult, error) {
	execution := workflow.GetInfo(ctx).WorkflowExecution
	r := &rollbackETL{dailyETL: dailyETL{input: ETLInput{Tries: input.Tries}, began: workflow.Now(ctx)}, execution: execution}
	workflow.SetCurrentDetails(ctx, "beginning")
	err := unheld(ctx, func() (string, error) {
		r.plan = etl.RollbackPlan{}
		// A try that is at work when the rollback is cancelled ends first: what it has begun is ended.
		options := workflow.GetActivityOptions(bookkeeping(ctx, "find what is to be undone", input.Tries))
		options.WaitForCancellation = true
		begin := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), etlSteps.BeginRollback, etl.RollbackRequest{
			RunID: input.RunID, WithNewer: input.WithNewer, WorkflowID: execution.ID, WorkflowRunID: execution.RunID, At: r.began,
		})
		err := begin.Get(ctx, &r.plan)
		return r.plan.WaitsFor, err
	})
	if err != nil { // a try whose answer was lost may have begun
		workflow.SetCurrentDetails(ctx, "ended: "+rollbackError(err))
		if _, endErr := r.end(ctx, err); endErr != nil {
			return nil, errors.Join(err, endErr)
		}
		return nil, err
	}
	r.dailyETL.input.Run = r.plan.Run
	note(ctx, append(interval(r.plan.Run.Interval), search.RunID.ValueSet(r.plan.Run.ID.String()))...)
	r.at(ctx, etl.Stage)
	return r.finish(ctx, r.run(ctx))
}

type rollbackETL struct {
	dailyETL
	execution workflow.Execution
	plan      etl.RollbackPlan
}

func (r *rollbackETL) run(ctx workflow.Context) error {
	futures := make([]workflow.Future, len(r.plan.Tables))
	for i, table := range r.plan.Tables {
		step := etl.RollbackTable{Plan: r.plan, Table: table}
		futures[i] = workflow.ExecuteActivity(r.working(ctx, "stage what stood of "+table), etlSteps.StageRollback, step)
	}
	if err := r.gather(ctx, etl.Stage, r.plan.Tables, futures); err != nil {
		return err
	}
	for _, step := range []struct {
		name    etl.Step
		summary string
		do      any
	}{
		{etl.Reconcile, "record what is staged", etlSteps.ReconcileRollback},
		{etl.Publish, "put all tables back in one transaction", etlSteps.PublishRollback},
	} {
		r.at(ctx, step.name)
		var report *etl.Report
		if err := workflow.ExecuteActivity(r.working(ctx, step.summary), step.do, r.plan).Get(ctx, &report); err != nil {
			return r.failed(ctx, step.name, "", err)
		}
		r.reports = append(r.reports, report)
		r.rows = &report.RowsOut
	}
	return nil
}

// finish records how the rollback ended. One whose last answer was lost has succeeded nevertheless.
func (r *rollbackETL) finish(ctx workflow.Context, failure error) (*RollbackResult, error) {
	outcome, err := r.end(ctx, failure)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	if failure == nil || len(outcome.Undone) > 0 {
		r.details(ctx, "ended: rolled back")
		result := &RollbackResult{RunID: r.plan.Run.ID, Runs: r.plan.Runs}
		if r.rows != nil {
			result.Rows = *r.rows
		}
		return result, nil
	}
	r.details(ctx, "ended: "+rollbackError(failure))
	r.noteFailed(ctx)
	if temporal.IsCanceledError(failure) {
		return nil, failure
	}
	return nil, temporal.NewNonRetryableApplicationError(rollbackError(failure), "RollbackFailed", nil)
}

// end records how the rollback ended, whatever ended it, however long that takes.
func (r *rollbackETL) end(ctx workflow.Context, failure error) (outcome *etl.RollbackOutcome, err error) {
	end := etl.RollbackEnd{WorkflowRunID: r.execution.RunID, Error: rollbackError(failure), At: workflow.Now(ctx), Steps: r.reports}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	const unlimited = 0
	err = workflow.ExecuteActivity(bookkeeping(ctx, "record the end", unlimited), etlSteps.FinishRollback, end).Get(ctx, &outcome)
	return outcome, err
}

func rollbackError(failure error) string {
	if failure == nil {
		return ""
	}
	return "rollback: " + etl.OneLine(failure.Error())
}

// RollbackID is the id of the workflow that rolls back, for all who work on a queue: there is one at a time. Which one a
// run was rolled back by, its record tells by Temporal's id of that execution.
func RollbackID(queue string) string { return queue + "/rollback" }

// ErrRollbackRunning is returned when a rollback is under way.
var ErrRollbackRunning = errors.New("a rollback is under way: wait for its end")

// StartRollback starts a rollback in queue, or returns ErrRollbackRunning.
func StartRollback(ctx context.Context, c client.Client, queue string, input RollbackInput) (client.WorkflowRun, error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: RollbackID(queue), TaskQueue: queue, StaticSummary: "put back what stood before the latest publish",
		TypedSearchAttributes:    temporal.NewSearchAttributes(search.Trigger.ValueSet("manual"), search.Step.ValueSet("begin")),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, RollbackETL, input)
	if started := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); errors.As(err, &started) {
		return nil, ErrRollbackRunning
	}
	if err != nil {
		return nil, fmt.Errorf("start the rollback: %w", err)
	}
	return run, nil
}

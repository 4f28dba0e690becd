package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
)

var etlSteps *etl.Activities

// ETLInput says which run, or which replay of a run, DailyETL carries out.
type ETLInput struct {
	Run     etl.Run  `json:"run"`
	From    etl.Step `json:"from"`    // the step it begins with: etl.Extract for a run
	Trigger string   `json:"trigger"` // manual, schedule or backfill
	Tries   int      `json:"tries"`   // of a step, before the run has failed

	Backfill  string `json:"backfill,omitempty"`  // etl.BackfillName of the one it is part of
	Recompute bool   `json:"recompute,omitempty"` // even what an earlier execution has made of the same
}

// ETLResult is how an execution ended.
type ETLResult struct {
	RunID uuid.UUID `json:"run_id"`
	State string    `json:"state"`
	Rows  int64     `json:"rows"`           // published; of a replay that changes nothing, those of the execution that stands
	Note  string    `json:"note,omitempty"` // what to know though it succeeded
}

// DailyETL takes the shop's data of a run's days to the warehouse: extract, clean, work, gold,
// stage, reconcile, publish. However it ends, the run is recorded as succeeded, failed or
// cancelled, and a failed run can be replayed.
func DailyETL(ctx workflow.Context, input ETLInput) (*ETLResult, error) {
	e := &dailyETL{input: input, began: workflow.Now(ctx)}
	workflow.SetCurrentDetails(ctx, "beginning")
	err := e.begin(ctx)
	if err != nil && !retryable(err) {
		return nil, err // what was asked for cannot be done, so nothing has begun
	}
	if err == nil {
		err = e.run(ctx)
	}
	return e.finish(ctx, err)
}

type dailyETL struct {
	input   ETLInput
	began   time.Time
	plan    etl.Plan
	reports []*etl.Report
	rows    *int64 // published
	note    string // what to know of what is published
}

// begin waits until no maintenance holds runs. Each look is an activity that succeeds: waiting costs no tries.
func (e *dailyETL) begin(ctx workflow.Context) error {
	return unheld(ctx, func() (string, error) {
		e.plan = etl.Plan{}
		begin := workflow.ExecuteActivity(bookkeeping(ctx, "record that the run begins", e.input.Tries), etlSteps.Begin, e.beginRequest(ctx))
		err := begin.Get(ctx, &e.plan)
		return e.plan.WaitsFor, err
	})
}

func (e *dailyETL) run(ctx workflow.Context) error {
	// What is staged does not outlive an execution, so every one stages for itself.
	err := e.steps(ctx, min(e.input.From.At(), etl.Stage.At()))
	for renewals := 0; stale(err) && renewals < mostRenewals; renewals++ {
		if err := e.renew(ctx); err != nil {
			return err
		}
		err = e.steps(ctx, etl.Gold.At())
	}
	return err
}

// mostRenewals is how often a run goes on because others have published while it made its metrics.
const mostRenewals = 10

// stale tells whether others had published what the run has read or relied on before it published.
func stale(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == etl.StaleError
}

// renew goes on as the next execution of the run.
func (e *dailyETL) renew(ctx workflow.Context) error {
	request := etl.RenewRequest{Begin: e.beginRequest(ctx), Executions: e.plan.Executions, Steps: e.reports}
	var renewed etl.Renewed
	renew := workflow.ExecuteActivity(bookkeeping(ctx, "go on as the next execution, with what has been published since", e.input.Tries), etlSteps.Renew, request)
	if err := renew.Get(ctx, &renewed); err != nil {
		return err
	}
	e.input.Run.Execution, e.plan.Executions, e.reports = renewed.Execution, renewed.Executions, nil
	return nil
}

// steps does the steps from one on.
func (e *dailyETL) steps(ctx workflow.Context, first int) error {
	steps := []struct {
		name etl.Step
		do   func(workflow.Context) error
	}{
		{etl.Extract, e.extract},
		{etl.Clean, e.transform(etl.Clean, etlSteps.Clean)},
		{etl.Work, e.transform(etl.Work, etlSteps.Work)},
		{etl.Gold, e.transform(etl.Gold, etlSteps.Gold)},
		{etl.Stage, e.stage},
		{etl.Reconcile, e.reconcile},
		{etl.Publish, e.publish},
	}
	for _, step := range steps[first:] {
		e.at(ctx, step.name)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *dailyETL) beginRequest(ctx workflow.Context) etl.BeginRequest {
	return etl.BeginRequest{
		Run: e.input.Run, From: e.input.From, Trigger: e.input.Trigger, Backfill: e.input.Backfill,
		WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID, At: e.began,
	}
}

func (e *dailyETL) extract(ctx workflow.Context) error {
	extract := workflow.ExecuteActivity(e.working(ctx, "extract all tables under one snapshot"), etlSteps.Extract, e.runStep())
	var reports []*etl.Report
	if err := extract.Get(ctx, &reports); err != nil {
		return e.failed(ctx, etl.Extract, "", err)
	}
	e.reports = append(e.reports, reports...)
	return nil
}

// transform makes all tables of a zone, those of a wave at once.
func (e *dailyETL) transform(step etl.Step, do any) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		for _, wave := range e.plan.Waves[step] {
			if err := e.each(ctx, step, wave, do); err != nil {
				return err
			}
		}
		return nil
	}
}

func (e *dailyETL) stage(ctx workflow.Context) error {
	return e.each(ctx, etl.Stage, e.plan.Gold, etlSteps.Stage)
}

// each does a step of several tables at once. A table that fails does not keep the others from
// finishing; all that failed are named.
func (e *dailyETL) each(ctx workflow.Context, step etl.Step, tables []string, do any) error {
	futures := make([]workflow.Future, len(tables))
	for i, table := range tables {
		input := etl.TableStep{Run: e.input.Run, Table: table, Executions: e.plan.Executions, Recompute: e.input.Recompute}
		futures[i] = workflow.ExecuteActivity(e.working(ctx, fmt.Sprintf("%s %s", step, table)), do, input)
	}
	return e.gather(ctx, step, tables, futures)
}

// gather waits for a step of several tables.
func (e *dailyETL) gather(ctx workflow.Context, step etl.Step, tables []string, futures []workflow.Future) error {
	var failures []error
	for i, future := range futures {
		var report *etl.Report
		if err := future.Get(ctx, &report); err != nil {
			failures = append(failures, e.failed(ctx, step, tables[i], err))
			continue
		}
		e.reports = append(e.reports, report)
		e.details(ctx, fmt.Sprintf("now: %s", step))
	}
	return errors.Join(failures...)
}

func (e *dailyETL) reconcile(ctx workflow.Context) error {
	_, err := e.whole(ctx, etl.Reconcile, "compare rows, units and cents through all zones", etlSteps.Reconcile)
	return err
}

func (e *dailyETL) publish(ctx workflow.Context) error {
	if e.plan.Unrecorded {
		record := workflow.ExecuteActivity(bookkeeping(ctx, "record that the replay has begun", e.input.Tries), etlSteps.Record, e.beginRequest(ctx))
		if err := record.Get(ctx, &e.plan.Attempt); err != nil {
			return e.failed(ctx, etl.Publish, "", err)
		}
		e.plan.Unrecorded = false
	}
	report, err := e.whole(ctx, etl.Publish, "publish all tables in one transaction", etlSteps.Publish)
	if err == nil {
		e.rows, e.note = &report.RowsOut, report.Unshown
	}
	return err
}

// whole does a step that is about all tables.
func (e *dailyETL) whole(ctx workflow.Context, step etl.Step, summary string, do any) (*etl.Report, error) {
	var report *etl.Report
	if err := workflow.ExecuteActivity(e.working(ctx, summary), do, e.runStep()).Get(ctx, &report); err != nil {
		return nil, e.failed(ctx, step, "", err)
	}
	e.reports = append(e.reports, report)
	return report, nil
}

func (e *dailyETL) runStep() etl.RunStep {
	return etl.RunStep{Run: e.input.Run, Executions: e.plan.Executions}
}

// failed reports a step that failed for good, and names it in the error.
func (e *dailyETL) failed(ctx workflow.Context, step etl.Step, table string, err error) error {
	now := workflow.Now(ctx)
	report := &etl.Report{
		Step: step, Table: table, State: etl.Failed, Error: reason(err), Tries: 1, StartedAt: now, FinishedAt: now,
	}
	switch {
	case temporal.IsCanceledError(err):
		report.State = etl.Cancelled
	case retryable(err):
		report.Tries = e.input.Tries
	}
	e.reports = append(e.reports, report)
	return &stepError{step: strings.TrimSpace(string(step) + " " + table), cause: err}
}

// finish records how the execution ended, whatever ended it, however long that takes.
func (e *dailyETL) finish(ctx workflow.Context, failure error) (*ETLResult, error) {
	request := etl.FinishRequest{
		Begin: e.beginRequest(ctx), State: etl.Succeeded, Published: e.rows, At: workflow.Now(ctx), Steps: e.reports, Note: e.note,
	}
	switch {
	case failure == nil:
	case temporal.IsCanceledError(failure) || errors.Is(ctx.Err(), workflow.ErrCanceled):
		request.State, request.Error = etl.Cancelled, "cancelled"
	default:
		request.State, request.Error = etl.Failed, etl.OneLine(failure.Error())
	}
	e.details(ctx, "ended: "+strings.TrimSpace(request.State+" "+request.Error))
	e.noteFailed(ctx)
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	const unlimited = 0
	if err := workflow.ExecuteActivity(bookkeeping(ctx, "record that the run "+request.State, unlimited), etlSteps.Finish, request).Get(ctx, nil); err != nil {
		return nil, errors.Join(failure, err)
	}
	if request.State == etl.Failed {
		return nil, temporal.NewNonRetryableApplicationError(request.Error, "RunFailed", nil)
	}
	if failure != nil {
		return nil, failure
	}
	result := &ETLResult{RunID: e.input.Run.ID, State: request.State, Note: e.note}
	if e.rows != nil {
		result.Rows = *e.rows
	}
	return result, nil
}

// details tells an operator in the Temporal UI where the run is.
func (e *dailyETL) details(ctx workflow.Context, line string) {
	interval := e.input.Run.Interval
	text := fmt.Sprintf("Days %s to %s (exclusive), attempt %d, execution %d; %s.\n\n",
		interval.From, interval.To, e.plan.Attempt, e.input.Run.Execution, line)
	for _, report := range e.reports {
		text += fmt.Sprintf("- %s: %s %s%s\n",
			strings.TrimSpace(string(report.Step)+" "+report.Table), report.State, report.Note, report.Error)
	}
	workflow.SetCurrentDetails(ctx, text)
}

// working asks for a step that may take long. Its heartbeats tell when a worker has died.
func (e *dailyETL) working(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 12 * time.Hour,
		HeartbeatTimeout:    15 * time.Second, // see etl.HeartbeatEvery
		WaitForCancellation: true,
		RetryPolicy:         patience(e.input.Tries),
	})
}

// bookkeeping asks for a short activity, tried for ever when tries is 0.
func bookkeeping(ctx workflow.Context, summary string, tries int) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         patience(tries),
	})
}

func patience(tries int) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second, MaximumAttempts: int32(tries),
	}
}

// retryable tells whether a step failed because its tries were used up.
func retryable(err error) bool {
	var application *temporal.ApplicationError
	return !errors.As(err, &application) || !application.NonRetryable()
}

// reason is what an activity said, without what Temporal says around it.
func reason(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return etl.OneLine(application.Message())
	}
	return etl.OneLine(err.Error())
}

// stepError names the step that ended an execution.
type stepError struct {
	step  string
	cause error
}

func (e *stepError) Error() string { return e.step + ": " + reason(e.cause) }
func (e *stepError) Unwrap() error { return e.cause }

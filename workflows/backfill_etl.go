package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/temporal/search"
)

// BackfillInput says which days BackfillETL loads.
type BackfillInput struct {
	Days     lake.Span `json:"days"`
	Parallel int       `json:"parallel"` // months at once
	Tries    int       `json:"tries"`    // of a step, before a run has failed
}

// BackfillProgress is how far a backfill is: what the query BackfillProgressQuery answers, and its result.
type BackfillProgress struct {
	Done   int             `json:"done"` // months that an earlier one of these days has loaded, with the same models
	Months []BackfillMonth `json:"months"`
}

// BackfillMonth is a run of a backfill, of a month or of the part of it that was asked for.
type BackfillMonth struct {
	RunID uuid.UUID `json:"run_id"`
	Days  lake.Span `json:"days"`
	State string    `json:"state"` // waiting, running, succeeded, failed or cancelled
	Error string    `json:"error,omitempty"`
	Note  string    `json:"note,omitempty"` // what to know though it succeeded
}

// BackfillProgressQuery is the query that a backfill answers with its BackfillProgress.
const BackfillProgressQuery = "progress"

const waiting = "waiting"

// BackfillETL loads many days: the facts of each month by a run of its own, several at once, and in the end
// the last month with everything that is copied whole and the metrics, which are then as of the
// last day. A month that fails does not keep the others from being loaded, but the last waits for all. Asked
// for again, it goes on with what is missing: see etl.Activities.PlanBackfill.
func BackfillETL(ctx workflow.Context, input BackfillInput) (*BackfillProgress, error) {
	b := &backfillETL{input: input}
	if err := workflow.SetQueryHandler(ctx, BackfillProgressQuery, func() (BackfillProgress, error) { return b.progress, nil }); err != nil {
		return nil, err
	}
	plan := workflow.ExecuteActivity(bookkeeping(ctx, "cut the days into months", input.Tries), etlSteps.PlanBackfill, input.Days)
	if err := plan.Get(ctx, &b.plan); err != nil {
		return nil, err
	}
	b.progress.Done = b.plan.Done
	for _, run := range b.plan.Runs {
		b.progress.Months = append(b.progress.Months, BackfillMonth{RunID: run.ID, Days: run.Interval, State: waiting})
	}
	b.details(ctx)
	last := len(b.plan.Runs) - 1
	note(ctx, search.Step.ValueSet("facts"))
	b.facts(ctx, last)
	if err := b.failure(ctx); err != nil {
		return nil, err
	}
	note(ctx, search.Step.ValueSet("last"))
	b.load(ctx, last)
	if err := b.failure(ctx); err != nil {
		return nil, err
	}
	return &b.progress, nil
}

type backfillETL struct {
	input    BackfillInput
	plan     etl.BackfillPlan
	progress BackfillProgress
}

// facts loads all months before the last, so many at once.
func (b *backfillETL) facts(ctx workflow.Context, last int) {
	turns := workflow.NewSemaphore(ctx, int64(max(b.input.Parallel, 1)))
	group := workflow.NewWaitGroup(ctx)
	for i := range last {
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			if err := turns.Acquire(ctx, 1); err != nil {
				b.ended(ctx, i, err)
				return
			}
			defer turns.Release(1)
			b.load(ctx, i)
		})
	}
	group.Wait(ctx)
}

// load carries out the run of a month.
func (b *backfillETL) load(ctx workflow.Context, i int) {
	input := ETLInput{
		Run: b.plan.Runs[i], From: etl.Extract, Trigger: "backfill", Backfill: etl.BackfillName(b.input.Days), Tries: b.input.Tries,
	}
	b.progress.Months[i].State = etl.Running
	b.details(ctx)
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: ETLID(input.Run.ID, 1), StaticSummary: etlSummary(input),
		ParentClosePolicy:   enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation: true,

		TypedSearchAttributes: input.attributes(),
	})
	var result ETLResult
	err := workflow.ExecuteChildWorkflow(child, DailyETL, input).Get(ctx, &result)
	b.progress.Months[i].Note = result.Note
	b.ended(ctx, i, err)
}

func (b *backfillETL) ended(ctx workflow.Context, i int, err error) {
	month := &b.progress.Months[i]
	switch {
	case err == nil:
		month.State = etl.Succeeded
	case temporal.IsCanceledError(err):
		month.State = etl.Cancelled
	default:
		month.State, month.Error = etl.Failed, reason(err)
	}
	b.details(ctx)
}

// failure names every month that was not loaded.
func (b *backfillETL) failure(ctx workflow.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var failures []string
	for _, month := range b.progress.Months {
		if month.State == etl.Failed || month.State == etl.Cancelled {
			failures = append(failures, fmt.Sprintf("%s to %s (run %s) %s: %s", month.Days.From, month.Days.To, month.RunID, month.State, month.Error))
		}
	}
	if len(failures) == 0 {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(
		"not loaded: "+strings.Join(failures, "; ")+". Ask for the backfill again: it goes on with what is missing", "BackfillFailed", nil)
}

// details tells an operator in the Temporal UI how far it is.
func (b *backfillETL) details(ctx workflow.Context) {
	count := map[string]int{}
	text := ""
	for _, month := range b.progress.Months {
		count[month.State]++
		text += fmt.Sprintf("- %s to %s: %s %s%s\n", month.Days.From, month.Days.To, month.State, month.Error, month.Note)
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d of %d loads succeeded, %d failed, %d months were loaded before, with the same models.\n\n%s",
		count[etl.Succeeded], len(b.progress.Months), count[etl.Failed], b.progress.Done, text))
}

// BackfillID is the id of the workflow that loads days, for all who work on a queue: there is one of the same
// days at a time.
func BackfillID(queue string, days lake.Span) string {
	return fmt.Sprintf("%s/backfill/%s/%s", queue, days.From, days.To)
}

// ErrBackfillRunning is returned when a backfill of the same days is under way.
var ErrBackfillRunning = errors.New("a backfill of these days is under way: wait for its end")

// BackfillParallel is the memo of a backfill that says how many months it loads at once.
const BackfillParallel = "parallel"

// StartBackfill starts a backfill in queue, or returns ErrBackfillRunning.
func StartBackfill(ctx context.Context, c client.Client, queue string, input BackfillInput) (client.WorkflowRun, error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: BackfillID(queue, input.Days), TaskQueue: queue,
		StaticSummary:            fmt.Sprintf("load %s to %s month by month", input.Days.From, input.Days.Last()),
		Memo:                     map[string]any{BackfillParallel: input.Parallel},
		TypedSearchAttributes:    temporal.NewSearchAttributes(append(interval(input.Days), search.Trigger.ValueSet("manual"), search.Step.ValueSet("plan"))...),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, BackfillETL, input)
	if started := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); errors.As(err, &started) {
		return nil, ErrBackfillRunning
	}
	if err != nil {
		return nil, fmt.Errorf("start the backfill: %w", err)
	}
	return run, nil
}

package workflows

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
)

// ETLQueue is the task queue of the daily load, before the prefix of settings.Temporal.
const ETLQueue = "etl"

// ETLID is the id of the workflow of a run (execution 1) or of one of its replays.
func ETLID(runID uuid.UUID, execution int) string {
	if execution == 1 {
		return "etl/" + runID.String()
	}
	return fmt.Sprintf("etl/%s/%d", runID, execution)
}

// StartETL starts a run, or a replay of one, in queue. Starting the same execution twice gives
// the one that was started.
func StartETL(ctx context.Context, c client.Client, queue string, input ETLInput) (client.WorkflowRun, error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       ETLID(input.Run.ID, input.Run.Execution),
		TaskQueue:                queue,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            etlSummary(input),
		TypedSearchAttributes:    input.attributes(),
	}, DailyETL, input)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", input.Run, err)
	}
	return run, nil
}

func etlSummary(input ETLInput) string {
	days := fmt.Sprintf("%s to %s", input.Run.Interval.From, input.Run.Interval.Last())
	if input.Run.Interval.Len() == 1 {
		days = input.Run.Interval.From.String()
	}
	if input.From != etl.Extract {
		return fmt.Sprintf("replay the load of %s from %s", days, input.From)
	}
	return "load " + days
}

// scheduledStart is when the schedule meant a workflow to start, which may be long before it did.
var scheduledStart = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// ScheduledETL is what the daily schedule starts: the run of the day before the time it was
// scheduled for, in a time zone. tries is how often a step is tried before the run has failed.
func ScheduledETL(ctx workflow.Context, tries int, zone string) (*ETLResult, error) {
	at, scheduled := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledStart)
	if !scheduled {
		return nil, temporal.NewNonRetryableApplicationError(
			"only a schedule starts this: its time says which day to load", "NotScheduled", nil)
	}
	// The rules of time zones change, and an id is drawn: once is enough.
	var run etl.Run
	drawn := workflow.SideEffect(ctx, func(workflow.Context) any {
		return etl.Run{ID: uuid.Must(uuid.NewV7()), Execution: 1, Interval: etl.DayBefore(at, zone)}
	})
	if err := drawn.Get(&run); err != nil {
		return nil, err
	}
	input := ETLInput{Run: run, From: etl.Extract, Trigger: "schedule", Tries: tries}
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        ETLID(run.ID, 1),
		StaticSummary:     etlSummary(input),
		ParentClosePolicy: enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,

		TypedSearchAttributes: input.attributes(),
	})
	var result *ETLResult
	err := workflow.ExecuteChildWorkflow(ctx, DailyETL, input).Get(ctx, &result)
	return result, err
}

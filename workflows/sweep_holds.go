package workflows

import (
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
)

var stockSteps *activities.Stock

// sweepBatches is how many batches a sweep releases before it leaves the rest to the next one.
const sweepBatches = 1000

// SweepHolds releases expired holds, batch by batch, and returns how many. Nothing depends on it: who
// needs what an expired hold keeps releases it himself. It keeps the table of holds short.
func SweepHolds(ctx workflow.Context) (int64, error) {
	var released int64
	for range sweepBatches {
		var batch int64
		err := workflow.ExecuteLocalActivity(step(ctx, "release a batch of expired holds"), stockSteps.ReleaseExpired).Get(ctx, &batch)
		if err != nil {
			return released, err
		}
		if batch == 0 {
			break
		}
		released += batch
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d expired holds released", released))
	}
	return released, nil
}

// SweepSchedule is the schedule with that id, which sweeps holds again and again. A sweep that is
// still running when the next is due takes its place.
func SweepSchedule(id, queue string, every time.Duration) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID:   id,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}},
		Action: &client.ScheduleWorkflowAction{
			ID: "sweep/" + id, Workflow: SweepHolds, TaskQueue: queue, StaticSummary: "release expired holds",
		},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: every,
	}
}

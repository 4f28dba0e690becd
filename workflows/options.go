package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// forEver is longer than anybody waits. It must be said: a local activity without a limit for all
// of its attempts gets that of one.
const forEver = 10 * 365 * 24 * time.Hour

// step asks for a local activity: one transaction of the shop's database, tried until it is done.
func step(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: forEver,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
		},
	})
}

// quickly asks for a call that leaves the system as a local activity, once: most are answered at
// once, and that is all they cost. It ends before Temporal would have to be told that the workflow
// task takes longer. What did not succeed so is for call.
func quickly(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: checkoutTaskTimeout * 3 / 4,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// call asks for an activity that leaves the system, tried for patience. The attempt of a worker
// that was killed is given to another when its heartbeat has stopped.
func call(ctx workflow.Context, summary string, patience time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: patience,
		HeartbeatTimeout:       3 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	})
}

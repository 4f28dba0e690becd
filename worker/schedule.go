package worker

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// keepSchedule makes a schedule as soon as Temporal answers.
func keepSchedule(ctx context.Context, c client.Client, wanted client.ScheduleOptions) error {
	return persist(ctx, "make schedule "+wanted.ID, func(ctx context.Context) error {
		if err := ensureSchedule(ctx, c, wanted); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
}

// ensureSchedule makes a schedule, or makes it what is wanted by now. Several processes may call it
// at once. A schedule that an operator has paused stays paused.
func ensureSchedule(ctx context.Context, c client.Client, wanted client.ScheduleOptions) error {
	_, err := c.ScheduleClient().Create(ctx, wanted)
	if err == nil {
		return nil
	}
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) && !isAlreadyExists(err) {
		return fmt.Errorf("create schedule %s: %w", wanted.ID, err)
	}
	err = c.ScheduleClient().GetHandle(ctx, wanted.ID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(input client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := input.Description.Schedule
			schedule.Spec, schedule.Action = &wanted.Spec, wanted.Action
			schedule.Policy = &client.SchedulePolicies{Overlap: wanted.Overlap, CatchupWindow: wanted.CatchupWindow}
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", wanted.ID, err)
	}
	return nil
}

func isAlreadyExists(err error) bool {
	var exists *serviceerror.AlreadyExists
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	return errors.As(err, &exists) || errors.As(err, &started)
}

package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// checkoutTaskTimeout is how long a checkout stands still when the process that works on it dies.
const checkoutTaskTimeout = 2 * time.Second

// StartCheckout starts the checkout of an order in queue, or finds the one that is running. A
// process that hosts a worker of the queue runs its first steps itself, without waiting for the
// server. A checkout that ended is started again: it does what is left to do, which is nothing
// unless it was ended by force or the database was restored.
func StartCheckout(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (client.WorkflowRun, error) {
	run, _, err := startCheckout(ctx, c, queue, orderID)
	return run, err
}

// ResumeCheckout is StartCheckout for an order that was placed a while ago, and tells whether
// there was none running.
func ResumeCheckout(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (started bool, err error) {
	_, started, err = startCheckout(ctx, c, queue, orderID)
	return started, err
}

func startCheckout(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (client.WorkflowRun, bool, error) {
	options := client.StartWorkflowOptions{
		ID: CheckoutID(orderID), TaskQueue: queue,
		EnableEagerStart: true, WorkflowTaskTimeout: checkoutTaskTimeout,
		StaticSummary: "check out order " + orderID.String(),
	}
	run, started, err := start(ctx, c, options, Checkout, orderID)
	if err != nil {
		return nil, false, fmt.Errorf("start checkout of order %s: %w", orderID, err)
	}
	return run, started, nil
}

// StartFulfilment starts the fulfilment of an order in queue, and tells whether there was none
// running. Like a checkout, one that ended is started again and does what is left to do.
func StartFulfilment(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (started bool, err error) {
	options := client.StartWorkflowOptions{
		ID: FulfilmentID(orderID), TaskQueue: queue, StaticSummary: "fulfil order " + orderID.String(),
	}
	_, started, err = start(ctx, c, options, Fulfilment, orderID)
	if err != nil {
		return false, fmt.Errorf("start fulfilment of order %s: %w", orderID, err)
	}
	return started, nil
}

// start starts a workflow unless one with its id is running.
func start(
	ctx context.Context, c client.Client, options client.StartWorkflowOptions, workflow any, orderID uuid.UUID,
) (run client.WorkflowRun, started bool, err error) {
	options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	run, err = c.ExecuteWorkflow(ctx, options, workflow, orderID)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return c.GetWorkflow(ctx, options.ID, running.RunId), false, nil
	}
	return run, err == nil, err
}

// TellParcel tells the fulfilment of an order where one of its parcels is. An order that is not
// being fulfilled (any more) has no use for it, which is not an error.
func TellParcel(ctx context.Context, c client.Client, orderID uuid.UUID, moved ParcelMoved) error {
	err := c.SignalWorkflow(ctx, FulfilmentID(orderID), "", ParcelSignal, moved)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("tell fulfilment of order %s: %w", orderID, err)
	}
	return nil
}

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

// StartCheckout starts the checkout of an order in queue, or finds the one that was started. A
// process that hosts a worker of the queue runs its first steps itself, without waiting for the
// server.
func StartCheckout(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (client.WorkflowRun, error) {
	options := once(CheckoutID(orderID), queue)
	options.EnableEagerStart = true
	options.WorkflowTaskTimeout = checkoutTaskTimeout
	options.StaticSummary = "check out order " + orderID.String()
	run, err := c.ExecuteWorkflow(ctx, options, Checkout, orderID)
	if err != nil {
		return nil, fmt.Errorf("start checkout of order %s: %w", orderID, err)
	}
	return run, nil
}

// StartFulfilment starts the fulfilment of an order in queue; nothing when it was started before.
func StartFulfilment(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) error {
	options := once(FulfilmentID(orderID), queue)
	options.StaticSummary = "fulfil order " + orderID.String()
	if _, err := c.ExecuteWorkflow(ctx, options, Fulfilment, orderID); err != nil {
		return fmt.Errorf("start fulfilment of order %s: %w", orderID, err)
	}
	return nil
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

// once are the options of a workflow that exists once for its id, however often it is started.
func once(id, queue string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                queue,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
}

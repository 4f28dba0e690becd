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
	"go.temporal.io/sdk/workflow"
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

// StartRefund starts paying a refund back in queue, and tells whether nobody was at it.
func StartRefund(ctx context.Context, c client.Client, queue string, refundID uuid.UUID) (started bool, err error) {
	options := client.StartWorkflowOptions{
		ID: RefundID(refundID), TaskQueue: queue, StaticSummary: "pay back refund " + refundID.String(),
	}
	_, started, err = start(ctx, c, options, Refund, refundID)
	if err != nil {
		return false, fmt.Errorf("start refund %s: %w", refundID, err)
	}
	return started, nil
}

// ResumeRefund is StartRefund for a refund that was written down by a step of another workflow, or
// whose request died: there is nothing unusual in starting it.
func ResumeRefund(ctx context.Context, c client.Client, queue string, refundID uuid.UUID) (started bool, err error) {
	_, err = StartRefund(ctx, c, queue, refundID)
	return false, err
}

// TellShipment tells the fulfilment of an order that a shipment was changed in the database, zero
// for any of them, and starts it when none is running.
func TellShipment(ctx context.Context, c client.Client, queue string, orderID, shipmentID uuid.UUID) error {
	options := client.StartWorkflowOptions{
		ID: FulfilmentID(orderID), TaskQueue: queue, StaticSummary: "fulfil order " + orderID.String(),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
	if _, err := c.SignalWithStartWorkflow(ctx, options.ID, ShipmentSignal, shipmentID, options, Fulfilment, orderID); err != nil {
		return fmt.Errorf("tell fulfilment of order %s: %w", orderID, err)
	}
	return nil
}

// NudgeFulfilment is TellShipment for an order of which any shipment may have changed. It does not
// tell whether a fulfilment was running.
func NudgeFulfilment(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) (started bool, err error) {
	return false, TellShipment(ctx, c, queue, orderID, uuid.Nil)
}

// StopCheckout asks the checkout of an order to undo what it has done, and does not wait for it. One
// that is not running (any more) is left alone.
func StopCheckout(ctx context.Context, c client.Client, orderID uuid.UUID) error {
	err := c.CancelWorkflow(ctx, CheckoutID(orderID), "")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("stop checkout of order %s: %w", orderID, err)
	}
	return nil
}

// ResumeCancellation has the checkout of an order that shall be cancelled get on with it. One that is
// not running is started by whoever looks for unfinished checkouts.
func ResumeCancellation(ctx context.Context, c client.Client, _ string, orderID uuid.UUID) (started bool, err error) {
	return false, StopCheckout(ctx, c, orderID)
}

// start starts a workflow unless one with its id is running.
func start(
	ctx context.Context, c client.Client, options client.StartWorkflowOptions, saga any, id uuid.UUID,
) (run client.WorkflowRun, started bool, err error) {
	options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	run, err = c.ExecuteWorkflow(ctx, options, saga, id)
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

// AwaitAnswer returns when the request that placed the checkout's order has its answer in the
// database: the checkout has ended, or goes on without its customer.
func AwaitAnswer(ctx context.Context, checkout client.WorkflowRun) error {
	err := checkout.GetWithOptions(ctx, nil, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
	var goesOn *workflow.ContinueAsNewError
	if errors.As(err, &goesOn) {
		return nil
	}
	return err
}

// TellPayment tells the checkout of an order that the ledger has learned something of its payment
// from elsewhere. A checkout that has ended is started for it: it does what is left to do.
func TellPayment(ctx context.Context, c client.Client, queue string, orderID uuid.UUID) error {
	_, err := c.SignalWithStartWorkflow(ctx, CheckoutID(orderID), PaymentSignal, nil, client.StartWorkflowOptions{
		TaskQueue: queue, WorkflowTaskTimeout: checkoutTaskTimeout,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "check out order " + orderID.String(),
	}, Checkout, orderID)
	if err != nil {
		return fmt.Errorf("tell checkout of order %s: %w", orderID, err)
	}
	return nil
}

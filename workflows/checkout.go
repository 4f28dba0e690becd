package workflows

import (
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
	"mercado/internal/order"
)

// Typed nils: the compiler checks what is executed.
var (
	checkoutSteps *activities.Checkout
	payments      *activities.Payments
)

// paymentPatience is how long a checkout waits for a provider that does not answer.
const paymentPatience = 2 * time.Minute

// CheckoutResult is how a checkout ended. The answer to the request is kept with the order.
type CheckoutResult struct {
	Status order.Status       `json:"status"` // confirmed or cancelled
	Reason order.CancelReason `json:"reason,omitempty"`
}

// Checkout is the saga that turns a placed order into a sale: it reserves the stock, has the
// payment authorised and confirms the order, or undoes what it has done and cancels the order with
// a reason. It fails only when it is terminated.
func Checkout(ctx workflow.Context, orderID uuid.UUID) (CheckoutResult, error) {
	c := &checkout{orderID: orderID}
	return c.run(ctx)
}

type checkout struct {
	orderID uuid.UUID
	ending  activities.Ending // of an order that was not sold

	// compensations undo what was begun. Each is registered before the step that it undoes, and
	// must do no harm where that step did nothing. They run in that order: stock and customer do
	// not wait for a provider that does not answer.
	compensations []func(workflow.Context) error
}

func (c *checkout) run(ctx workflow.Context) (CheckoutResult, error) {
	for _, step := range []func(workflow.Context) (done bool, err error){c.reserve, c.authorize} {
		done, err := step(ctx)
		if err != nil || !done {
			return c.undo(ctx, err)
		}
	}
	return c.confirm(ctx)
}

func (c *checkout) reserve(ctx workflow.Context) (bool, error) {
	workflow.SetCurrentDetails(ctx, "reserving stock")
	c.compensations = append(c.compensations, c.cancel)
	var reservation activities.Reservation
	err := workflow.ExecuteLocalActivity(step(ctx, "turn the cart's holds into a reservation"), checkoutSteps.Reserve, c.orderID).
		Get(ctx, &reservation)
	switch {
	case err != nil:
		return false, err
	case reservation.Status == order.Cancelled:
		// An earlier run was ended by force when it had cancelled: the payment may be left.
		c.compensations = append(c.compensations, c.void)
		return false, nil
	case reservation.Shortage != nil:
		c.ending = activities.Ending{Reason: order.OutOfStock, Shortage: reservation.Shortage}
		return false, nil
	default:
		return true, nil
	}
}

// authorize asks the provider at once, and when that brings no answer again and again for
// paymentPatience. That it asks is written down first, so whoever asks again looks it up before.
func (c *checkout) authorize(ctx workflow.Context) (bool, error) {
	workflow.SetCurrentDetails(ctx, "stock reserved; waiting for the payment provider")
	c.compensations = append(c.compensations, c.void)
	var authorization activities.Authorization
	err := workflow.ExecuteLocalActivity(quickly(ctx, "authorise the payment"), payments.Authorize, c.orderID).
		Get(ctx, &authorization)
	if err != nil && !temporal.IsCanceledError(err) {
		err = workflow.ExecuteActivity(call(ctx, "authorise the payment", paymentPatience), payments.Authorize, c.orderID).
			Get(ctx, &authorization)
	}
	if err != nil || authorization.DeclineCode == "" {
		return err == nil, err
	}
	// The provider has said that it holds nothing: there is nothing to void.
	c.compensations = c.compensations[:len(c.compensations)-1]
	c.ending = activities.Ending{Reason: order.PaymentDeclined, DeclineCode: authorization.DeclineCode}
	return false, nil
}

// confirm is the point of no return: cancelling the workflow does not stop it.
func (c *checkout) confirm(ctx workflow.Context) (CheckoutResult, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.SetCurrentDetails(ctx, "payment authorised; confirming the order")
	err := workflow.ExecuteLocalActivity(step(ctx, "commit the stock and confirm the order"), checkoutSteps.Confirm, c.orderID).
		Get(ctx, nil)
	if err != nil {
		return CheckoutResult{}, err
	}
	workflow.SetCurrentDetails(ctx, "confirmed")
	return CheckoutResult{Status: order.Confirmed}, nil
}

// undo compensates, whatever stopped the saga.
func (c *checkout) undo(ctx workflow.Context, stopped error) (CheckoutResult, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	switch {
	case stopped == nil: // a step has said how it ends
	case temporal.IsCanceledError(stopped):
		c.ending = activities.Ending{Reason: order.CheckoutStopped}
	default:
		c.ending = activities.Ending{Reason: order.PaymentUnavailable}
	}
	workflow.SetCurrentDetails(ctx, "undoing: "+string(c.ending.Reason))
	for _, compensate := range c.compensations {
		if err := compensate(ctx); err != nil {
			return CheckoutResult{}, err
		}
	}
	workflow.SetCurrentDetails(ctx, "cancelled: "+string(c.ending.Reason))
	return CheckoutResult{Status: order.Cancelled, Reason: c.ending.Reason}, nil
}

func (c *checkout) void(ctx workflow.Context) error {
	return workflow.ExecuteActivity(call(ctx, "void the payment", forEver), payments.Void, c.orderID).Get(ctx, nil)
}

func (c *checkout) cancel(ctx workflow.Context) error {
	summary := "release the stock and cancel the order: " + string(c.ending.Reason)
	return workflow.ExecuteLocalActivity(step(ctx, summary), checkoutSteps.Cancel, c.orderID, c.ending).Get(ctx, nil)
}

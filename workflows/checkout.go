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

// PaymentSignal tells Checkout that the ledger has learned something of the order's payment from
// elsewhere. It carries nothing: the ledger knows.
const PaymentSignal = "payment-told"

// CheckoutResult is how a checkout ended. The answer to the request is kept with the order.
type CheckoutResult struct {
	Status order.Status       `json:"status"` // confirmed or cancelled
	Reason order.CancelReason `json:"reason,omitempty"`
}

// Checkout is the saga that turns a placed order into a sale: it reserves the stock, has the
// payment authorised and with it the order confirmed, or undoes what it has done and cancels the order
// with a reason. It fails only when it is terminated.
//
// The point of no return is the transaction that confirms the order. Cancelling the workflow does not
// undo it, and a cancellation that was written down before stops it, whether the workflow has heard of
// it or not.
//
// An order by bank transfer is answered as soon as its customer knows where to send the money; that
// ends the first run, and another waits for it (see receive). Money that arrives when the order has
// been decided starts one more, which sends it back.
func Checkout(ctx workflow.Context, orderID uuid.UUID) (CheckoutResult, error) {
	c := &checkout{orderID: orderID}
	return c.run(ctx)
}

type checkout struct {
	orderID  uuid.UUID
	reserved activities.Reservation
	sold     bool
	ending   activities.Ending // of an order that was not sold

	// compensations undo what was begun. Each is registered before the step that it undoes, and
	// must do no harm where that step did nothing. They run in that order: stock and customer do
	// not wait for a provider that does not answer.
	compensations []func(workflow.Context) error
}

func (c *checkout) run(ctx workflow.Context) (CheckoutResult, error) {
	done, err := c.reserve(ctx)
	if err != nil || !done {
		return c.undo(ctx, err)
	}
	switch {
	case c.reserved.Status != order.Pending: // sold before
		if c.reserved.PaymentMethod == "bank_transfer" {
			return CheckoutResult{Status: c.reserved.Status}, c.sendBack(ctx)
		}
		return CheckoutResult{Status: c.reserved.Status}, nil
	case c.reserved.PaymentMethod == "bank_transfer" && !c.reserved.Awaited:
		if done, err := c.instruct(ctx); err != nil || !done {
			return c.undo(ctx, err)
		}
		if ctx.Err() != nil { // the next run would not know of it
			return c.undo(ctx, ctx.Err())
		}
		return CheckoutResult{}, workflow.NewContinueAsNewError(ctx, Checkout, c.orderID)
	}
	if done, err := c.pay(ctx); err != nil || !done {
		return c.undo(ctx, err)
	}
	return c.confirm(ctx)
}

// pay sees to it that the money is certain, as far as the payment method has it so before the sale.
func (c *checkout) pay(ctx workflow.Context) (bool, error) {
	switch c.reserved.PaymentMethod {
	case "cash", "cash_on_delivery":
		return true, nil
	case "bank_transfer":
		return c.receive(ctx)
	default:
		return c.authorize(ctx)
	}
}

func (c *checkout) reserve(ctx workflow.Context) (bool, error) {
	workflow.SetCurrentDetails(ctx, "reserving stock")
	c.compensations = append(c.compensations, c.cancel)
	err := workflow.ExecuteLocalActivity(step(ctx, "turn the cart's holds into a reservation"), checkoutSteps.Reserve, c.orderID).
		Get(ctx, &c.reserved)
	switch {
	case err != nil: // it may have been done all the same, with the question that it writes down
		c.compensations = append(c.compensations, c.void)
		return false, err
	case c.reserved.Status == order.Cancelled:
		// An earlier run was ended by force when it had cancelled: the payment may be left. Or a
		// transfer has come too late.
		c.compensations = append(c.compensations, c.void)
		if c.reserved.PaymentMethod == "bank_transfer" {
			c.compensations = append(c.compensations, c.sendBack)
		}
		return false, nil
	case c.reserved.Stopped:
		// It was cancelled before this run began; an earlier one may have asked for the money.
		c.ending = activities.Ending{Reason: order.CheckoutStopped}
		c.compensations = append(c.compensations, c.void)
		if c.reserved.PaymentMethod == "bank_transfer" {
			c.compensations = append(c.compensations, c.sendBack)
		}
		return false, nil
	case c.reserved.Shortage != nil:
		c.ending = activities.Ending{Reason: order.OutOfStock, Shortage: c.reserved.Shortage}
		return false, nil
	default:
		return true, nil
	}
}

const authorizing = "authorise the payment and confirm the order"

// authorize asks the provider at once, and when that brings no answer again and again for
// paymentPatience. That it asks is written down first, so whoever asks again looks it up before.
func (c *checkout) authorize(ctx workflow.Context) (bool, error) {
	workflow.SetCurrentDetails(ctx, "stock reserved; waiting for the payment provider")
	c.compensations = append(c.compensations, c.void)
	var authorization activities.Authorization
	err := workflow.ExecuteLocalActivity(quickly(ctx, authorizing), payments.Authorize, c.orderID).
		Get(ctx, &authorization)
	if err != nil && !temporal.IsCanceledError(err) {
		err = c.askUnlessTold(ctx, &authorization)
	}
	switch {
	case err != nil:
		return false, err
	case authorization.DeclineCode != "":
		// The provider has said that it holds nothing: there is nothing to void.
		c.compensations = c.compensations[:len(c.compensations)-1]
		c.ending = activities.Ending{Reason: order.PaymentDeclined, DeclineCode: authorization.DeclineCode}
		return false, nil
	default:
		c.sold = authorization.Sold
		return true, nil
	}
}

// askUnlessTold asks the provider, and whenever the provider tells by itself while it does not
// answer, looks into the ledger instead of waiting for the next try.
func (c *checkout) askUnlessTold(ctx workflow.Context, authorization *activities.Authorization) (err error) {
	told := workflow.GetSignalChannel(ctx, PaymentSignal)
	until := workflow.Now(ctx).Add(paymentPatience)
	for answered := false; !answered; {
		asking, stop := workflow.WithCancel(ctx)
		left := max(until.Sub(workflow.Now(ctx)), time.Second) // however often it is told
		answer := workflow.ExecuteActivity(call(asking, authorizing, left), payments.Authorize, c.orderID)
		workflow.NewSelector(ctx).
			AddFuture(answer, func(answer workflow.Future) {
				err, answered = answer.Get(ctx, authorization), true
			}).
			AddReceive(told, func(told workflow.ReceiveChannel, _ bool) {
				told.Receive(ctx, nil)
				stop()
			}).
			Select(ctx)
		stop()
	}
	return err
}

// instruct tells the customer where to send the money. Their request is answered by it.
func (c *checkout) instruct(ctx workflow.Context) (bool, error) {
	workflow.SetCurrentDetails(ctx, "stock reserved; asking where the transfer is to go")
	c.compensations = append(c.compensations, c.void)
	var authorization activities.Authorization
	err := workflow.ExecuteActivity(call(ctx, "ask where the transfer is to go", paymentPatience), payments.Instruct, c.orderID).
		Get(ctx, &authorization)
	if err != nil {
		return false, err
	}
	if authorization.DeclineCode != "" {
		c.ending = activities.Ending{Reason: order.PaymentDeclined, DeclineCode: authorization.DeclineCode}
		return false, nil
	}
	err = workflow.ExecuteLocalActivity(step(ctx, "answer with where the transfer is to go"), checkoutSteps.AwaitTransfer, c.orderID).
		Get(ctx, nil)
	return err == nil, err
}

// receive waits until the whole of the transfer has arrived, or it is too late. The provider tells;
// it is asked now and then, and at the end, in case its word was lost.
func (c *checkout) receive(ctx workflow.Context) (bool, error) {
	c.compensations = append(c.compensations, c.void, c.sendBack)
	told := workflow.GetSignalChannel(ctx, PaymentSignal)
	for asked := false; ; {
		var transfer activities.Transfer
		err := workflow.ExecuteLocalActivity(step(ctx, "see what has arrived"), checkoutSteps.Transfer, c.orderID).Get(ctx, &transfer)
		if err != nil || transfer.Whole {
			return err == nil, err
		}
		if transfer.Left <= 0 && asked {
			c.ending = activities.Ending{Reason: order.TransferNotReceived}
			return false, nil
		}
		heard := false
		if transfer.Left > 0 {
			workflow.SetCurrentDetails(ctx, "stock reserved; waiting for the bank transfer")
			if heard, err = c.listen(ctx, told, min(transfer.AskEvery, transfer.Left)); err != nil {
				return false, err
			}
		}
		if heard {
			continue
		}
		err = workflow.ExecuteActivity(call(ctx, "ask the provider for the transfer", paymentPatience), payments.LookForTransfer, c.orderID).
			Get(ctx, nil)
		if temporal.IsCanceledError(err) {
			return false, err
		}
		// A provider that is away changes nothing: it tells, or is asked again, or the money that
		// comes too late goes back.
		asked = true
	}
}

// listen waits for the provider to tell, and says whether it has.
func (c *checkout) listen(ctx workflow.Context, told workflow.ReceiveChannel, patience time.Duration) (heard bool, err error) {
	waiting, stop := workflow.WithCancel(ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(waiting, patience, workflow.TimerOptions{Summary: "ask the provider when it has not told of the transfer"})
	workflow.NewSelector(ctx).
		AddFuture(timer, func(timer workflow.Future) { err = timer.Get(ctx, nil) }).
		AddReceive(told, func(told workflow.ReceiveChannel, _ bool) {
			heard = told.Receive(ctx, nil)
			for told.ReceiveAsync(nil) { // all of them are answered by one look
			}
		}).
		Select(ctx)
	return heard, err
}

// confirm sees to it that the order is confirmed, whoever cancels the workflow meanwhile, or finds that
// it was stopped before.
func (c *checkout) confirm(ctx workflow.Context) (CheckoutResult, error) {
	if c.sold {
		return confirmed(ctx)
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.SetCurrentDetails(ctx, "payment certain; confirming the order")
	var confirmation activities.Confirmation
	err := workflow.ExecuteLocalActivity(step(ctx, "commit the stock and confirm the order"), checkoutSteps.Confirm, c.orderID).
		Get(ctx, &confirmation)
	if err != nil {
		return CheckoutResult{}, err
	}
	if confirmation.Stopped {
		c.ending = activities.Ending{Reason: order.CheckoutStopped}
		return c.undo(ctx, nil)
	}
	if c.reserved.PaymentMethod == "bank_transfer" {
		if err := c.sendBack(ctx); err != nil {
			return CheckoutResult{}, err
		}
	}
	return confirmed(ctx)
}

// confirmed is how a checkout ends whose order is a sale.
func confirmed(ctx workflow.Context) (CheckoutResult, error) {
	workflow.SetCurrentDetails(ctx, "confirmed")
	return CheckoutResult{Status: order.Confirmed}, nil
}

// sendBack returns money that has arrived and is not the order's.
func (c *checkout) sendBack(ctx workflow.Context) error {
	return workflow.ExecuteActivity(call(ctx, "send back what is not the order's", forEver), payments.SendBack, c.orderID).Get(ctx, nil)
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
		if c.sold { // by a step of which nobody has heard how it ended
			return confirmed(ctx)
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
	var cancelled activities.Cancelled
	err := workflow.ExecuteLocalActivity(step(ctx, summary), checkoutSteps.Cancel, c.orderID, c.ending).Get(ctx, &cancelled)
	c.sold = cancelled.Sold
	return err
}

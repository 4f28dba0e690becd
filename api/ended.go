package api

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"mercado/workflows"
)

// boardPatience is how long a checkout is expected to end in this process, before Temporal is asked
// whether it has ended in another.
const boardPatience = 500 * time.Millisecond

// seenThrough starts the checkout of an order and reports whether it has ended before ctx does; what is
// async is not waited for. A Temporal that is busy is waited for as long as the checkout itself: it may
// have taken the start without saying so, and then the end is told all the same. One that is away is not.
func (a *API) seenThrough(ctx context.Context, orderID uuid.UUID, told <-chan struct{}, async bool) bool {
	starting := a.startCheckout(ctx, orderID)
	patience := time.NewTicker(startPatience)
	defer patience.Stop()
	for {
		var err error
		select {
		case <-told:
			return !async
		case s := <-starting:
			if s.err == nil {
				return !async && ended(ctx, told, s.run)
			}
			var late *serviceerror.DeadlineExceeded
			if err = s.err; errors.As(err, &late) { // once more, which finds what was started
				starting, err = a.startCheckout(ctx, orderID), nil
			}
		case <-patience.C:
		}
		if err == nil && !async {
			err = a.temporalAnswers(ctx)
		}
		if err != nil || async {
			a.Log.WarnContext(ctx, "checkout has to wait", "order", orderID, "error", err)
			return false
		}
	}
}

// start is what became of starting a checkout.
type start struct {
	run client.WorkflowRun
	err error
}

// startCheckout starts the checkout of an order while its caller waits for other things. It ends
// with ctx.
func (a *API) startCheckout(ctx context.Context, orderID uuid.UUID) <-chan start {
	starting := make(chan start, 1)
	go func() {
		run, err := workflows.StartCheckout(ctx, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OrdersQueue, orderID)
		starting <- start{run, err}
	}()
	return starting
}

// temporalAnswers fails when Temporal is away.
func (a *API) temporalAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	_, err := a.Temporal.CheckHealth(ctx, nil)
	return err
}

// ended waits until a checkout has ended, however it did, and reports whether it had before ctx
// ended. told is closed when that happens in this process: a question to Temporal, which most
// requests need not ask.
func ended(ctx context.Context, told <-chan struct{}, run client.WorkflowRun) bool {
	if told != nil {
		alone := time.NewTimer(boardPatience)
		defer alone.Stop()
		select {
		case <-told:
			return true
		case <-ctx.Done():
			return false
		case <-alone.C:
		}
	}
	asked := make(chan error, 1)
	go func() { asked <- workflows.AwaitAnswer(ctx, run) }() // ends with ctx
	select {
	case <-told:
		return true
	case err := <-asked:
		return err == nil
	}
}

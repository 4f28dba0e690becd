package api

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/workflows"
)

// boardPatience is how long a checkout is expected to end in this process, before Temporal is asked
// whether it has ended in another.
const boardPatience = 500 * time.Millisecond

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

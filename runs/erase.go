package runs

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"

	"mercado/workflows"
)

// Erased is how far an erasure is, and what it has done.
type Erased = workflows.Erased

// Erasure is an erasure that was asked for.
type Erasure struct {
	runs   *Runs
	handle client.WorkflowRun
}

// Erase makes a customer nobody in the shop, in the lake and in the warehouse. One that is under way is gone on
// with. Whether it can be done is known when it has ended: see Wait.
func (r *Runs) Erase(ctx context.Context, customer int64) (*Erasure, error) {
	handle, err := workflows.StartErase(ctx, r.temporal, r.queue, workflows.EraseInput{CustomerID: customer, Tries: r.tries})
	if err != nil {
		return nil, err
	}
	return &Erasure{runs: r, handle: handle}, nil
}

// Wait returns what was erased; show is told of it meanwhile. A customer who cannot be erased, and one of whom something
// is left, are errors that say why. When there has been no worker for WorkerGrace the error is a *store.NoWorkerError.
func (e *Erasure) Wait(ctx context.Context, show func(Erased)) (*Erased, error) {
	var erased *Erased
	failure, err := e.runs.attend(ctx, e.handle, &erased, func() {
		answer, err := e.runs.temporal.QueryWorkflow(ctx, e.handle.GetID(), e.handle.GetRunID(), workflows.ErasureQuery)
		var now Erased
		if err == nil && answer.Get(&now) == nil {
			show(now)
		}
	})
	if err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, fmt.Errorf("erase: %s", reason(failure))
	}
	return erased, nil
}

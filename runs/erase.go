package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/internal/store"
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
	type end struct {
		erased *Erased
		err    error
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan end, 1)
	go func() {
		var it end
		it.err = e.handle.Get(waiting, &it.erased)
		ended <- it
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	lastSeen := time.Now()
	for {
		select {
		case it := <-ended:
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if it.err != nil {
				it.err = fmt.Errorf("erase: %s", reason(it.err))
			}
			return it.erased, it.err
		case <-look.C:
			absent := &store.NoWorkerError{}
			if err := e.runs.Ready(ctx); !errors.As(err, &absent) {
				lastSeen = time.Now()
			} else if time.Since(lastSeen) > WorkerGrace {
				return nil, err
			}
			answer, err := e.runs.temporal.QueryWorkflow(ctx, e.handle.GetID(), e.handle.GetRunID(), workflows.ErasureQuery)
			var erased Erased
			if err == nil && answer.Get(&erased) == nil {
				show(erased)
			}
		}
	}
}

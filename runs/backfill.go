package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/internal/lake"
	"mercado/internal/store"
	"mercado/workflows"
)

// BackfillProgress is how far a backfill is.
type BackfillProgress = workflows.BackfillProgress

// ErrBackfillRunning is returned when a backfill of the same days is under way.
var ErrBackfillRunning = workflows.ErrBackfillRunning

// MostParallel is how many months a backfill may load at once.
const MostParallel = 16

// Backfill is a backfill that was asked for.
type Backfill struct {
	runs   *Runs
	handle client.WorkflowRun
}

// Backfill loads many days: a run for each month, parallel of them at once, and the last of them after all
// others. One that did not come to its end goes on with what is missing, unless the models are others by now. The error is
// ErrBackfillRunning while one of the same days is under way.
func (r *Runs) Backfill(ctx context.Context, days lake.Span, parallel int) (*Backfill, error) {
	handle, err := workflows.StartBackfill(ctx, r.temporal, r.queue, workflows.BackfillInput{Days: days, Parallel: parallel, Tries: r.tries})
	if err != nil {
		return nil, err
	}
	return &Backfill{runs: r, handle: handle}, nil
}

// Wait returns what was loaded; show is told of it meanwhile. A month that was not loaded is an error that
// names it. When there has been no worker for WorkerGrace the error is a *store.NoWorkerError.
func (b *Backfill) Wait(ctx context.Context, show func(BackfillProgress)) (*BackfillProgress, error) {
	type end struct {
		progress *BackfillProgress
		err      error
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan end, 1)
	go func() {
		var e end
		e.err = b.handle.Get(waiting, &e.progress)
		ended <- e
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	lastSeen := time.Now()
	for {
		select {
		case e := <-ended:
			if e.err != nil && ctx.Err() == nil {
				e.err = fmt.Errorf("backfill: %s", reason(e.err))
			}
			return e.progress, e.err
		case <-look.C:
			absent := &store.NoWorkerError{}
			if err := b.runs.Ready(ctx); !errors.As(err, &absent) {
				lastSeen = time.Now()
			} else if time.Since(lastSeen) > WorkerGrace {
				return nil, err
			}
			b.look(ctx, show)
		}
	}
}

// look shows how far it is, if a worker is there to say so.
func (b *Backfill) look(ctx context.Context, show func(BackfillProgress)) {
	answer, err := b.runs.temporal.QueryWorkflow(ctx, b.handle.GetID(), b.handle.GetRunID(), workflows.BackfillProgressQuery)
	var progress BackfillProgress
	if err == nil && answer.Get(&progress) == nil {
		show(progress)
	}
}

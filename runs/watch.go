package runs

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// WorkerGrace is how long a worker may be away before those who wait for a run are told: a
// supervisor restarts one within seconds.
const WorkerGrace = 20 * time.Second

// Begun returns as soon as an execution is on its way, or when patience is over: then it waits for
// a worker. The error is a *RefusedError when it cannot begin as it was asked for.
func (r *Runs) Begun(ctx context.Context, e *Execution, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ended := r.end(ctx, e)
	look := time.NewTicker(lookEvery / 5)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if refused(err) {
				return &RefusedError{ID: e.Run.ID, Reason: reason(err)}
			}
			return nil
		case <-look.C:
			current, err := r.shop.IsCurrent(ctx, shopdb.IsCurrentParams{ID: e.Run.ID, Execution: int32(e.Run.Execution)})
			if err == nil && current {
				return nil
			}
		}
	}
}

// end tells how the workflow of an execution has ended, or that ctx has.
func (r *Runs) end(ctx context.Context, e *Execution) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- e.handle.Get(ctx, nil) }()
	return ended
}

// Wait returns the run when an execution of it has ended; show is told of it meanwhile. An execution
// that ends without success is a *RefusedError or a *FailedError, the latter with the run. When
// there has been no worker for WorkerGrace the error is an *AloneError.
func (r *Runs) Wait(ctx context.Context, e *Execution, show func(*store.Run)) (*store.Run, error) {
	failure, err := r.wait(ctx, e, show)
	if err != nil {
		return nil, err
	}
	if refused(failure) {
		return nil, &RefusedError{ID: e.Run.ID, Reason: reason(failure)}
	}
	run, err := r.shop.Run(ctx, e.Run.ID)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	if failure != nil {
		return run, &FailedError{ID: run.ID, State: run.State, Reason: reason(failure)}
	}
	return run, nil
}

func (r *Runs) wait(ctx context.Context, e *Execution, show func(*store.Run)) (failure, err error) {
	failure, err = r.attend(ctx, e.handle, nil, func() {
		if run, err := r.shop.Run(ctx, e.Run.ID); err == nil {
			show(run)
		}
	})
	var absent *store.NoWorkerError
	if errors.As(err, &absent) {
		err = &AloneError{ID: e.Run.ID, Queue: r.queue}
	}
	return failure, err
}

// attend waits for a workflow, whose result it fills in, and calls look meanwhile again and again. How the
// workflow has failed is the first error. When there has been no worker for WorkerGrace the second is a
// *store.NoWorkerError.
func (r *Runs) attend(ctx context.Context, handle client.WorkflowRun, result any, look func()) (failure, err error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- handle.Get(waiting, result) }()
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	lastSeen := time.Now()
	for {
		select {
		case failure := <-ended:
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return failure, nil
		case <-again.C:
			var absent *store.NoWorkerError
			if err := r.Ready(ctx); !errors.As(err, &absent) {
				lastSeen = time.Now() // a database that is away says nothing of workers
			} else if time.Since(lastSeen) > WorkerGrace {
				return nil, err
			}
			look()
		}
	}
}

// Watch shows a run again and again until it is not running any more, and returns it as it is then.
// A database that goes away meanwhile is waited for. The error is store.ErrUnknownRun.
func Watch(ctx context.Context, shop *store.DB, id uuid.UUID, show func(*store.Run)) (*store.Run, error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	known := false
	for {
		run, err := shop.Run(ctx, id)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			known = true
			show(run)
			if run.State != Running {
				return run, nil
			}
		case !known || errors.Is(err, store.ErrUnknownRun):
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-look.C:
		}
	}
}

package runs

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"mercado/workflows"
)

// RolledBackRuns is what a rollback has undone.
type RolledBackRuns = workflows.RollbackResult

// ErrRollbackRunning is returned when a rollback is under way.
var ErrRollbackRunning = workflows.ErrRollbackRunning

// Rollback is a rollback that was asked for.
type Rollback struct{ handle client.WorkflowRun }

// Rollback undoes the latest publish; with id, that of a run, which must be the latest unless withNewer
// says to undo those since first. The error is ErrRollbackRunning when another is under way. Whether
// it can be done is known when it has ended: see Wait.
func (r *Runs) Rollback(ctx context.Context, id *uuid.UUID, withNewer bool) (*Rollback, error) {
	handle, err := workflows.StartRollback(ctx, r.temporal, r.queue, workflows.RollbackInput{RunID: id, WithNewer: withNewer, Tries: r.tries})
	if err != nil {
		return nil, err
	}
	return &Rollback{handle: handle}, nil
}

// RollbackFailedError tells of a rollback that cannot be done as asked, or that has failed.
type RollbackFailedError struct{ Reason string }

func (e *RollbackFailedError) Error() string { return "rollback: " + e.Reason }

// Wait returns what was undone. A rollback that has ended otherwise is a *RollbackFailedError; after any other error, like
// one that tells that ctx has ended, it goes on.
func (r *Rollback) Wait(ctx context.Context) (*RolledBackRuns, error) {
	var result *RolledBackRuns
	err := r.handle.Get(ctx, &result)
	if ended := (*temporal.WorkflowExecutionError)(nil); errors.As(err, &ended) {
		return nil, &RollbackFailedError{reason(err)}
	}
	if err != nil {
		return nil, fmt.Errorf("wait for the rollback: %w", err)
	}
	return result, nil
}

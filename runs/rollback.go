package runs

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

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

// Wait returns what was undone. What cannot be undone as asked, and a rollback that fails, are errors that say why.
func (r *Rollback) Wait(ctx context.Context) (*RolledBackRuns, error) {
	var result *RolledBackRuns
	if err := r.handle.Get(ctx, &result); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("rollback: %s", reason(err))
	}
	return result, nil
}

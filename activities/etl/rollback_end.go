package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// RollbackEnd is the end of a rollback.
type RollbackEnd struct {
	WorkflowRunID string    `json:"workflow_run_id"`
	Error         string    `json:"error"` // "" when it succeeded
	At            time.Time `json:"at"`
	Steps         []*Report `json:"steps"`
}

// RollbackOutcome is what has become of a rollback, whatever its workflow knows of it.
type RollbackOutcome struct {
	RunID  uuid.UUID   `json:"run_id"` // of which it is an execution; zero when it has not begun
	Undone []uuid.UUID `json:"undone"` // runs whose publishes it has undone, the latest first; none when it has changed nothing
}

// FinishRollback records how a rollback ended. The warehouse says whether anything was undone: a step whose answer was
// lost may have done it. As rolled back are the runs of which nothing stands any more; when nothing was undone, the run is
// what it was before. It is tried until it succeeds, and does nothing for a rollback that has not begun.
func (a *Activities) FinishRollback(ctx context.Context, end RollbackEnd) (*RollbackOutcome, error) {
	outcome := &RollbackOutcome{}
	begun, err := a.Shop.RunRolledBackBy(ctx, end.WorkflowRunID)
	if errors.Is(err, pgx.ErrNoRows) {
		return outcome, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look what was rolled back: %w", err)
	}
	run := Run{ID: begun.ID, Execution: int(begun.Execution)}
	outcome.RunID = run.ID
	if outcome.Undone, err = a.Warehouse.Undone(ctx, run.ID, run.Execution); err != nil {
		return outcome, err
	}
	if begun.StateBefore != nil { // else an earlier try got this far
		err = a.Shop.InTx(ctx, func(queries *shopdb.Queries) error {
			// A replay that publishes again what was undone is on record as ended before or after, not in between.
			if err := queries.LockRuns(ctx); err != nil {
				return err
			}
			return a.recordRollbackEnd(ctx, queries, run, outcome.Undone, end)
		})
	}
	if err != nil {
		return outcome, err
	}
	return outcome, a.sweepStaging(ctx, run)
}

func (a *Activities) recordRollbackEnd(ctx context.Context, queries *shopdb.Queries, run Run, undone []uuid.UUID, end RollbackEnd) error {
	finish := shopdb.EndRollbackParams{ID: run.ID, Execution: int32(run.Execution), FinishedAt: end.At}
	var gone []uuid.UUID
	if len(undone) > 0 {
		standing, err := a.Warehouse.StandingRuns(ctx)
		if err != nil {
			return err
		}
		gone = slices.DeleteFunc(slices.Clone(undone), func(id uuid.UUID) bool { return standing[id] })
		state := Succeeded
		if !standing[run.ID] {
			state = RolledBack
		}
		finish.State = &state
	} else if end.Error != "" {
		finish.Error = &end.Error
	}
	for _, id := range undone {
		execution, err := a.Warehouse.StandingExecution(ctx, id)
		if err == nil {
			err = queries.PublishedBy(ctx, shopdb.PublishedByParams{ID: id, Execution: execution})
		}
		if err != nil {
			return err
		}
	}
	if err := queries.EndRollback(ctx, finish); err != nil {
		return err
	}
	for _, step := range end.Steps {
		if err := queries.RecordStep(ctx, step.row(run)); err != nil {
			return err
		}
	}
	return queries.RolledBack(ctx, gone)
}

// EndLostRollback records how a rollback ended whose workflow cannot do so any more, because of why. undone tells whether
// it had put back what stood before.
func (a *Activities) EndLostRollback(ctx context.Context, workflowRunID, why string) (undone bool, err error) {
	outcome, err := a.FinishRollback(ctx, RollbackEnd{WorkflowRunID: workflowRunID, Error: "rollback: " + why, At: time.Now()})
	return err == nil && len(outcome.Undone) > 0, err
}

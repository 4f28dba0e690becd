package etl

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"mercado/internal/store/shopdb"
	"mercado/internal/warehouse/warehousedb"
)

// FinishRequest is the end of an execution.
type FinishRequest struct {
	Begin     BeginRequest `json:"begin"` // in case its beginning could not be recorded
	State     string       `json:"state"` // succeeded, failed or cancelled
	Error     string       `json:"error"`
	Published *int64       `json:"published"` // rows; nil when nothing was published
	At        time.Time    `json:"at"`
	Steps     []*Report    `json:"steps"`
	Note      string       `json:"note,omitempty"` // what to know though it succeeded
}

// Finish records how an execution ended, and all of its steps once more. It is tried until it
// succeeds, so that no run is left as running. An execution that was overtaken leaves the run to the later
// one. What is staged goes once the end is on record, in which others may wait for the lock that numbers runs.
func (a *Activities) Finish(ctx context.Context, request FinishRequest) error {
	run := request.Begin.Run
	err := a.Shop.InTx(ctx, func(queries *shopdb.Queries) error {
		if _, _, err := a.numberLate(ctx, queries, request.Begin); err != nil {
			return err
		}
		for _, step := range request.Steps {
			if err := queries.RecordStep(ctx, step.row(run)); err != nil {
				return err
			}
		}
		standing, err := a.Warehouse.StandingExecution(ctx, run.ID)
		if err != nil {
			return err
		}
		finish := shopdb.FinishRunParams{
			ID: run.ID, State: request.State, RowsPublished: request.Published, PublishedExecution: standing, FinishedAt: &request.At,
		}
		if request.Error != "" {
			finish.Error = &request.Error
		}
		if request.Note != "" {
			finish.Note = &request.Note
		}
		return queries.FinishRun(ctx, finish)
	})
	if err != nil && !is[*BadRequest](err) {
		return err
	}
	return a.sweepStaging(ctx, run)
}

// sweepStaging drops what the execution and those before it have staged; a later one may be at work already. What
// somebody reads stays for the next prune: nobody must wait for them, so no transaction in the shop is open meanwhile.
func (a *Activities) sweepStaging(ctx context.Context, run Run) error {
	execution := int32(run.Execution)
	held, err := a.Warehouse.SweepStaging(ctx, warehousedb.SweepStagingParams{RunID: run.ID, Execution: &execution})
	if err != nil {
		return fmt.Errorf("drop what %s has staged: %w", run, err)
	}
	if held > 0 {
		slog.WarnContext(ctx, "somebody reads what a run has staged; it goes with a later prune", "run", run.ID, "tables", held)
	}
	return nil
}

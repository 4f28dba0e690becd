package etl

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store/shopdb"
)

// RenewRequest asks for a run to go on as its next execution.
type RenewRequest struct {
	Begin      BeginRequest      `json:"begin"` // of the execution that ends
	Executions map[lake.Zone]int `json:"executions"`
	Steps      []*Report         `json:"steps"`
}

// Renewed is what the next execution reads.
type Renewed struct {
	Execution  int               `json:"execution"`
	Executions map[lake.Zone]int `json:"executions"`
}

// Renew has a run whose publish came too late go on as its next execution, which reads what stands by
// then and makes zone gold anew. The steps of the one that ends are recorded with it.
func (a *Activities) Renew(ctx context.Context, request RenewRequest) (*Renewed, error) {
	run := request.Begin.Run
	renewed := &Renewed{Execution: run.Execution + 1, Executions: maps.Clone(request.Executions)}
	renewed.Executions[lake.Gold], renewed.Executions[model.Published] = renewed.Execution, renewed.Execution
	err := a.Shop.InTx(ctx, func(queries *shopdb.Queries) error {
		_, err := queries.RenewExecution(ctx, shopdb.RenewExecutionParams{
			ID: run.ID, Execution: int32(run.Execution), WorkflowID: request.Begin.WorkflowID,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return overtaken(run)
		}
		if err != nil {
			return err
		}
		for _, step := range request.Steps {
			if err := queries.RecordStep(ctx, step.row(run)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = a.sweepStaging(ctx, run)
	}
	if err != nil {
		return nil, classify(fmt.Errorf("go on with %s: %w", run, err))
	}
	return renewed, nil
}

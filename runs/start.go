package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// Start begins a new run of these days. It is on record, as running, before its workflow starts, so
// that whoever asks for it by its id finds it.
func (r *Runs) Start(ctx context.Context, days lake.Span) (*Execution, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return r.begin(ctx, etl.Run{ID: id, Execution: 1, Interval: days})
}

func (r *Runs) begin(ctx context.Context, run etl.Run) (*Execution, error) {
	if err := r.record(ctx, run); err != nil {
		return nil, err
	}
	started, err := r.execute(ctx, workflows.ETLInput{Run: run, From: etl.Extract, Trigger: Manual})
	if err != nil {
		return nil, errors.Join(err, r.shop.AbandonRun(context.WithoutCancel(ctx), shopdb.AbandonRunParams{
			ID: run.ID, Execution: int32(run.Execution), Error: "Temporal did not take it",
		}))
	}
	return started, nil
}

func (r *Runs) record(ctx context.Context, run etl.Run) error {
	err := r.shop.InTx(ctx, func(queries *shopdb.Queries) error {
		if err := queries.LockRuns(ctx); err != nil {
			return err
		}
		_, err := queries.BeginRun(ctx, shopdb.BeginRunParams{
			ID: run.ID, IntervalFrom: run.Interval.From.Time(), IntervalTo: run.Interval.To.Time(), Trigger: Manual,
			WorkflowID: workflows.ETLID(run.ID, run.Execution), Execution: int32(run.Execution), ExecutionStartedAt: time.Now(),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", run, err)
	}
	return nil
}

// execute starts the workflow of an execution.
func (r *Runs) execute(ctx context.Context, input workflows.ETLInput) (*Execution, error) {
	input.Tries = r.tries
	handle, err := workflows.StartETL(ctx, r.temporal, r.queue, input)
	if err != nil {
		return nil, err
	}
	return &Execution{Run: input.Run, From: input.From, handle: handle}, nil
}

// refused tells whether an execution could not begin as asked, and so has changed nothing.
func refused(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == "BadRequest"
}

// reason is what a workflow said of its failure, without what Temporal says around it.
func reason(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	return err.Error()
}

package runs

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// Start begins a new run of these days. It is on record, as running, before its workflow starts, so
// that whoever asks for it by its id finds it.
//
// A request under an idempotency key, r may be nil, that was made before begins nothing: the earlier
// one is returned, with its execution when it asked for the same.
func (r *Runs) Start(ctx context.Context, days lake.Span, request *store.Request) (*Execution, *store.Earlier, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, nil, err
	}
	known, earlier, err := r.shop.AskForRun(ctx, request, shopdb.BeginRunParams{
		ID: id, IntervalFrom: days.From.Time(), IntervalTo: days.To.Time(), Trigger: Manual,
		WorkflowID: workflows.ETLID(id, 1), Execution: 1, ExecutionStartedAt: time.Now(),
	})
	if err != nil || known == uuid.Nil {
		return nil, earlier, err
	}
	// That of an earlier request may not have got this far.
	started, err := r.execute(ctx, workflows.ETLInput{
		Run: etl.Run{ID: known, Execution: 1, Interval: days}, From: etl.Extract, Trigger: Manual,
	})
	if err != nil && earlier == nil {
		err = errors.Join(err, r.shop.AbandonRun(context.WithoutCancel(ctx), shopdb.AbandonRunParams{
			ID: id, Execution: 1, Error: "Temporal did not take it",
		}))
	}
	return started, earlier, err
}

// execute starts the workflow of an execution, or finds the one that was started.
func (r *Runs) execute(ctx context.Context, input workflows.ETLInput) (*Execution, error) {
	input.Tries = r.tries
	handle, err := workflows.StartETL(ctx, r.temporal, r.queue, input)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		handle, err = r.temporal.GetWorkflow(ctx, workflows.ETLID(input.Run.ID, input.Run.Execution), ""), nil
	}
	if err != nil {
		return nil, err
	}
	return &Execution{Run: input.Run, From: input.From, handle: handle}, nil
}

// refused tells whether an execution could not begin as asked, and so has changed nothing.
func refused(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == etl.BadRequestError
}

// reason is what a workflow said of its failure, without what Temporal says around it.
func reason(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	return err.Error()
}

package runs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/workflows"
)

// Errors about backfills.
var (
	// ErrUnknownBackfill is returned for days of which there is no backfill, or none any more: Temporal keeps them
	// for as long as its histories.
	ErrUnknownBackfill = errors.New("there is no such backfill")
	// ErrBackfillDiffers is returned when a backfill of the same days is under way that loads another number of
	// months at once.
	ErrBackfillDiffers = errors.New("a backfill of these days is under way, with another number of months at once")
	// ErrBackfillEnded is returned when there is nothing to cancel.
	ErrBackfillEnded = errors.New("the backfill has ended")
)

// BackfillTold is what is known of the latest backfill of some days.
type BackfillTold struct {
	Days       lake.Span
	Parallel   int // months loaded at once
	State      string
	Error      string // why it failed
	WorkflowID string
	StartedAt  time.Time
	FinishedAt *time.Time
	// Progress is nil when nobody can say: no worker serves the queue, or it has not begun.
	Progress *BackfillProgress
}

// BackfillID names a backfill by its days.
func BackfillID(days lake.Span) string { return etl.BackfillName(days) }

// ParseBackfillID reads a BackfillID, or returns ErrUnknownBackfill.
func ParseBackfillID(id string) (lake.Span, error) {
	first, last, _ := strings.Cut(id, "_")
	from, err := lake.ParseDay(first)
	to, errTo := lake.ParseDay(last)
	if err != nil || errTo != nil || from >= to {
		return lake.Span{}, fmt.Errorf("backfill %q: %w", id, ErrUnknownBackfill)
	}
	return lake.Span{From: from, To: to}, nil
}

// AskForBackfill is Backfill for whoever does not wait for the end: asked for again while it is under way, it is
// the one that is. ErrBackfillDiffers when that loads another number of months at once.
func (r *Runs) AskForBackfill(ctx context.Context, days lake.Span, parallel int) (*BackfillTold, error) {
	_, err := r.Backfill(ctx, days, parallel)
	running := errors.Is(err, ErrBackfillRunning)
	if err != nil && !running {
		return nil, err
	}
	told, err := r.TellBackfill(ctx, days)
	if err == nil && running && told.Parallel != parallel {
		return nil, ErrBackfillDiffers
	}
	return told, err
}

// backfillPatience is how long a worker may take to say how far a backfill is.
const backfillPatience = 4 * time.Second

// TellBackfill tells of the latest backfill of exactly these days, or returns ErrUnknownBackfill.
func (r *Runs) TellBackfill(ctx context.Context, days lake.Span) (*BackfillTold, error) {
	info, err := r.describeBackfill(ctx, days)
	if err != nil {
		return nil, err
	}
	told := &BackfillTold{
		Days: days, WorkflowID: info.GetExecution().GetWorkflowId(), StartedAt: info.GetStartTime().AsTime(), State: Failed,
	}
	if memo, ok := info.GetMemo().GetFields()[workflows.BackfillParallel]; ok {
		if err := converter.GetDefaultDataConverter().FromPayload(memo, &told.Parallel); err != nil {
			return nil, fmt.Errorf("backfill %s: %w", BackfillID(days), err)
		}
	}
	if end := info.GetCloseTime(); end != nil {
		at := end.AsTime()
		told.FinishedAt = &at
	}
	handle := r.temporal.GetWorkflow(ctx, told.WorkflowID, info.GetExecution().GetRunId())
	switch info.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		told.State = Running
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		told.State = Succeeded
		return told, handle.Get(ctx, &told.Progress)
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		told.State = Cancelled
	default: // failed, or terminated
		told.Error = reason(handle.Get(ctx, nil))
	}
	if r.Ready(ctx) == nil {
		asking, cancel := context.WithTimeout(ctx, backfillPatience)
		defer cancel()
		backfill := &Backfill{runs: r, handle: handle}
		backfill.look(asking, func(progress BackfillProgress) { told.Progress = &progress })
	}
	return told, nil
}

func (r *Runs) describeBackfill(ctx context.Context, days lake.Span) (*workflow.WorkflowExecutionInfo, error) {
	described, err := r.temporal.DescribeWorkflowExecution(ctx, workflows.BackfillID(r.queue, days), "")
	if unknown := (*serviceerror.NotFound)(nil); errors.As(err, &unknown) {
		return nil, fmt.Errorf("backfill %s: %w", BackfillID(days), ErrUnknownBackfill)
	}
	if err != nil {
		return nil, fmt.Errorf("backfill %s: %w", BackfillID(days), err)
	}
	return described.GetWorkflowExecutionInfo(), nil
}

// CancelBackfill ends a backfill, and the runs of it that are under way: it starts no more. The error is
// ErrUnknownBackfill or ErrBackfillEnded.
func (r *Runs) CancelBackfill(ctx context.Context, days lake.Span) error {
	info, err := r.describeBackfill(ctx, days)
	if err != nil {
		return err
	}
	if info.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return fmt.Errorf("backfill %s: %w", BackfillID(days), ErrBackfillEnded)
	}
	return r.temporal.CancelWorkflow(ctx, info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId())
}

package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// Execution is what Temporal knows of a workflow: whether it runs, and what it waits for.
type Execution struct {
	ID        string
	Status    string // running, completed, failed, canceled, terminated, continued_as_new or timed_out
	Details   string // what it says of itself, in one line; empty when nobody works on it
	StartedAt time.Time
	ClosedAt  *time.Time // nil while it runs
	Pending   []PendingStep
}

// Running reports whether the workflow is not over.
func (e *Execution) Running() bool { return e != nil && e.ClosedAt == nil }

// PendingStep is an activity that has not ended: it runs, or waits for its next attempt.
type PendingStep struct {
	ID            string
	Step          string // as Authorize
	Attempt       int32
	LastError     string // the type of the last failure, never its text; empty for a first attempt
	Since         *time.Time
	NextAttemptAt *time.Time // nil while an attempt runs
}

// detailsPatience is how long a worker may take to say what its workflow is doing.
const detailsPatience = time.Second

// metadataQuery is answered by every workflow of Temporal's SDKs.
const metadataQuery = "__temporal_workflow_metadata"

// Describe asks Temporal about a workflow; nil when it knows none with the id.
func Describe(ctx context.Context, c client.Client, id string) (*Execution, error) {
	told, err := c.DescribeWorkflowExecution(ctx, id, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := told.GetWorkflowExecutionInfo()
	execution := &Execution{ID: id, Status: statusOf(info.GetStatus()), StartedAt: info.GetStartTime().AsTime()}
	if closed := info.GetCloseTime(); closed != nil {
		at := closed.AsTime()
		execution.ClosedAt = &at
		return execution, nil
	}
	for _, pending := range told.GetPendingActivities() {
		execution.Pending = append(execution.Pending, pendingStep(pending))
	}
	execution.Details = details(ctx, c, id)
	return execution, nil
}

// NextAttempt asks Temporal when a workflow tries its step again; nil when it waits for no attempt.
func NextAttempt(ctx context.Context, c client.Client, id string) (*time.Time, error) {
	told, err := c.DescribeWorkflowExecution(ctx, id, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	for _, pending := range told.GetPendingActivities() {
		if step := pendingStep(pending); step.NextAttemptAt != nil {
			return step.NextAttemptAt, nil
		}
	}
	return nil, nil
}

func pendingStep(pending *workflow.PendingActivityInfo) PendingStep {
	step := PendingStep{
		ID: pending.GetActivityId(), Step: pending.GetActivityType().GetName(), Attempt: pending.GetAttempt(),
		LastError: failureType(pending.GetLastFailure()),
	}
	if at := pending.GetLastStartedTime(); at != nil {
		since := at.AsTime()
		step.Since = &since
	}
	if at := pending.GetScheduledTime(); at != nil && step.Since == nil {
		since := at.AsTime()
		step.Since = &since
	}
	if at := pending.GetNextAttemptScheduleTime(); at != nil && pending.GetState() == enums.PENDING_ACTIVITY_STATE_SCHEDULED {
		next := at.AsTime()
		step.NextAttemptAt = &next
	}
	return step
}

// failureType names a failure without its message, which may say what nobody should read.
func failureType(f *failure.Failure) string {
	switch {
	case f == nil:
		return ""
	case f.GetTimeoutFailureInfo() != nil:
		return "timeout"
	case f.GetApplicationFailureInfo().GetType() != "":
		return f.GetApplicationFailureInfo().GetType()
	default:
		return "failure"
	}
}

// details asks the worker of a running workflow for its current details.
func details(ctx context.Context, c client.Client, id string) string {
	ctx, cancel := context.WithTimeout(ctx, detailsPatience)
	defer cancel()
	answer, err := c.QueryWorkflow(ctx, id, "", metadataQuery)
	if err != nil {
		return "" // nobody works on it just now; what is pending tells enough
	}
	var metadata sdk.WorkflowMetadata
	if err := answer.Get(&metadata); err != nil {
		return ""
	}
	return metadata.GetCurrentDetails()
}

func statusOf(status enums.WorkflowExecutionStatus) string {
	var words strings.Builder
	for i, letter := range status.String() { // as ContinuedAsNew
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			words.WriteByte('_')
		}
		words.WriteRune(letter)
	}
	return strings.ToLower(words.String())
}

// RetryNow lets every activity of a running workflow that waits for its next attempt try at once.
// It returns how many there were.
func RetryNow(ctx context.Context, c client.Client, namespace string, execution *Execution) (int, error) {
	retried := 0
	for _, step := range execution.Pending {
		if step.NextAttemptAt == nil {
			continue
		}
		_, err := c.WorkflowService().ResetActivity(ctx, &workflowservice.ResetActivityRequest{
			Namespace: namespace,
			Execution: &common.WorkflowExecution{WorkflowId: execution.ID},
			Activity:  &workflowservice.ResetActivityRequest_Id{Id: step.ID},
		})
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			return retried, fmt.Errorf("retry %s of %s: %w", step.Step, execution.ID, err)
		}
		retried++
	}
	return retried, nil
}

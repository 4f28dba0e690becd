package workflows

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
)

// OperationsQueue is the task queue of the audit and of outgoing webhooks, before the prefix of
// settings.Temporal: what nobody waits for while they buy.
const OperationsQueue = "operations"

var auditSteps *activities.Audit

// AuditID is the id of the workflow of an audit that somebody asked for.
func AuditID(id uuid.UUID) string { return "audit/" + id.String() }

// AuditInput is what Audit is started with.
type AuditInput struct {
	ID       uuid.UUID `json:"id"`       // of the run; zero when the schedule starts it: one is drawn
	Provider bool      `json:"provider"` // the payment providers are asked, too
}

// providerPatience is how long an audit asks payment providers that do not answer.
const providerPatience = 10 * time.Minute

// Audit proves that stock and money add up, and keeps what it finds. It succeeds when it could
// look, whatever it saw: its details, its result and audit.runs tell.
func Audit(ctx workflow.Context, input AuditInput) (activities.AuditSummary, error) {
	trigger := "manual"
	if input.ID == uuid.Nil {
		trigger = "schedule"
		drawn := workflow.SideEffect(ctx, func(workflow.Context) any { return uuid.Must(uuid.NewV7()) })
		if err := drawn.Get(&input.ID); err != nil {
			return activities.AuditSummary{}, err
		}
	}
	summary, err := examine(ctx, input, trigger)
	if err != nil {
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		workflow.SetCurrentDetails(disconnected, "could not be made, or not all of it; until then "+auditDetails(summary))
		kept := workflow.ExecuteActivity(call(disconnected, "keep that it could not be made", time.Hour), auditSteps.AuditFailed, input.ID)
		_ = kept.Get(disconnected, nil) // what is wrong is err
		return summary, err
	}
	workflow.SetCurrentDetails(ctx, auditDetails(summary))
	return summary, nil
}

// examine makes the checks, each part kept when it has been made.
func examine(ctx workflow.Context, input AuditInput, trigger string) (summary activities.AuditSummary, err error) {
	workflow.SetCurrentDetails(ctx, "comparing stock and money")
	looking := auditPart(ctx, "make all checks in one snapshot", time.Hour)
	if err := workflow.ExecuteActivity(looking, auditSteps.Examine, input.ID, trigger).Get(ctx, &summary); err != nil {
		return summary, err
	}
	if input.Provider {
		workflow.SetCurrentDetails(ctx, "asking the payment provider; until now "+auditDetails(summary))
		asking := auditPart(ctx, "ask the payment provider about its payments", providerPatience)
		if err := workflow.ExecuteActivity(asking, auditSteps.AskProviders, summary).Get(ctx, &summary); err != nil {
			return summary, err
		}
	}
	finish := call(ctx, "keep what was found", time.Hour)
	return summary, workflow.ExecuteActivity(finish, auditSteps.FinishAudit, input.ID).Get(ctx, nil)
}

func auditPart(ctx workflow.Context, summary string, patience time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    30 * time.Minute,
		ScheduleToCloseTimeout: patience,
		HeartbeatTimeout:       10 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
}

func auditDetails(summary activities.AuditSummary) string {
	if summary.Differences == 0 {
		return fmt.Sprintf("everything adds up: %d checks", summary.Checks)
	}
	details := fmt.Sprintf("%d DIFFERENCES:", summary.Differences)
	for _, name := range workflow.DeterministicKeys(summary.Failed) {
		details += fmt.Sprintf(" %s %d", name, summary.Failed[name])
	}
	return details
}

// StartAudit starts an audit in queue. provider says whether the payment providers are asked, too.
func StartAudit(ctx context.Context, c client.Client, queue string, id uuid.UUID, provider bool) error {
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: AuditID(id), TaskQueue: queue, StaticSummary: "prove that stock and money add up",
	}, Audit, AuditInput{ID: id, Provider: provider})
	if err != nil {
		return fmt.Errorf("start audit: %w", err)
	}
	return nil
}

// AuditSchedule is the schedule with that id. An audit that still runs when the next is due is the
// next.
func AuditSchedule(id, queue string, every time.Duration) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID:   id,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}},
		Action: &client.ScheduleWorkflowAction{
			ID:            "audit/" + id,
			Workflow:      Audit,
			Args:          []any{AuditInput{Provider: true}},
			TaskQueue:     queue,
			StaticSummary: "prove that stock and money add up",
		},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: every,
	}
}

package activities

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"mercado/internal/audit"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// Audit proves that the shop's books add up.
type Audit struct {
	DB     *store.DB
	Limits settings.Limits
}

// AuditSummary is what an audit has found, in few words.
type AuditSummary struct {
	ID          uuid.UUID        `json:"id"`
	Checks      int              `json:"checks"`
	Differences int64            `json:"differences"`
	Failed      map[string]int64 `json:"failed,omitempty"` // differences by check, of those that have any
}

// Examine makes all checks and keeps what they find. A difference is logged as an error.
func (a *Audit) Examine(ctx context.Context, id uuid.UUID, trigger string) (AuditSummary, error) {
	defer heartbeat(ctx)()
	if err := audit.Begin(ctx, a.DB, id, trigger); err != nil {
		return AuditSummary{}, err
	}
	report, err := audit.Run(ctx, a.DB, id, a.Limits, nil)
	if err != nil {
		return AuditSummary{}, err
	}
	if err := audit.Keep(ctx, a.DB, report); err != nil {
		return AuditSummary{}, err
	}
	summary := AuditSummary{ID: id, Checks: len(report.Results), Differences: report.Differences, Failed: map[string]int64{}}
	for _, result := range report.Results {
		if result.Differences == 0 {
			continue
		}
		summary.Failed[result.Name] = result.Differences
		slog.ErrorContext(ctx, "the audit has found differences", "audit", id, "check", result.Name,
			"differences", result.Differences, result.Subject, result.Found[0].SubjectID)
	}
	return summary, nil
}

// AuditFailed keeps that an audit could not tell.
func (a *Audit) AuditFailed(ctx context.Context, id uuid.UUID) error {
	workflow := activity.GetInfo(ctx).WorkflowExecution.ID
	slog.ErrorContext(ctx, "the audit could not be made", "audit", id, "workflow", workflow)
	return audit.Fail(ctx, a.DB, id, fmt.Sprintf("it could not be made: see workflow %s", workflow))
}

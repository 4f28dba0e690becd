package activities

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"mercado/internal/audit"
	"mercado/internal/payment"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// Audit proves that the shop's books add up.
type Audit struct {
	DB        *store.DB
	Limits    settings.Limits
	Providers payment.Providers
}

// AuditSummary is what an audit has found, in few words.
type AuditSummary struct {
	ID          uuid.UUID        `json:"id"`
	Checks      int              `json:"checks"`
	Differences int64            `json:"differences"`
	Failed      map[string]int64 `json:"failed,omitempty"` // differences by check, of those that have any
}

// Examine makes all checks of the shop's own books and keeps what they find. A difference is logged as
// an error.
func (a *Audit) Examine(ctx context.Context, id uuid.UUID, trigger string) (AuditSummary, error) {
	defer heartbeat(ctx)()
	if err := audit.Begin(ctx, a.DB, id, trigger, activity.GetInfo(ctx).WorkflowExecution.ID); err != nil {
		return AuditSummary{}, err
	}
	report, err := audit.Run(ctx, a.DB, id, a.Limits, nil)
	if err != nil {
		return AuditSummary{}, err
	}
	if err := audit.Keep(ctx, a.DB, report); err != nil {
		return AuditSummary{}, err
	}
	summary := AuditSummary{ID: id}
	for _, result := range report.Results {
		summary.add(ctx, result)
	}
	return summary, nil
}

// AskProviders adds to an audit what the payment providers say, and keeps it.
func (a *Audit) AskProviders(ctx context.Context, summary AuditSummary) (AuditSummary, error) {
	defer heartbeat(ctx)()
	if a.Limits.ProviderSince == 0 {
		return summary, nil
	}
	result, err := audit.AskProviders(ctx, a.DB, a.Providers, time.Now().Add(-a.Limits.ProviderSince))
	if err != nil {
		return summary, err
	}
	if err := audit.KeepOne(ctx, a.DB, summary.ID, result); err != nil {
		return summary, err
	}
	summary.add(ctx, result)
	return summary, nil
}

func (s *AuditSummary) add(ctx context.Context, result audit.Result) {
	s.Checks++
	if result.Differences == 0 {
		return
	}
	if s.Failed == nil {
		s.Failed = map[string]int64{}
	}
	s.Differences += result.Differences
	s.Failed[result.Name] = result.Differences
	slog.ErrorContext(ctx, "the audit has found differences", "audit", s.ID, "check", result.Name,
		"differences", result.Differences, result.Subject, result.Found[0].SubjectID)
}

// FinishAudit ends an audit that has told everything.
func (a *Audit) FinishAudit(ctx context.Context, id uuid.UUID) error {
	return audit.Finish(ctx, a.DB, id)
}

// AuditFailed keeps that an audit could not tell, or not all.
func (a *Audit) AuditFailed(ctx context.Context, id uuid.UUID) error {
	workflow := activity.GetInfo(ctx).WorkflowExecution.ID
	slog.ErrorContext(ctx, "the audit could not be made", "audit", id, "workflow", workflow)
	return audit.Fail(ctx, a.DB, id, fmt.Sprintf("not all of it could be made: see workflow %s", workflow))
}

package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Who asked for an audit.
const (
	Manual    = "manual"   // by the API
	Scheduled = "schedule" // by the clock
	Command   = "command"  // by `mercado audit`
)

// Begin writes down that an audit runs, once for its id. workflow is the id of the workflow that makes
// it; empty for none.
func Begin(ctx context.Context, db *store.DB, id uuid.UUID, trigger, workflow string) error {
	begun := shopdb.BeginAuditParams{ID: id, Trigger: trigger}
	if workflow != "" {
		begun.WorkflowID = &workflow
	}
	if err := db.BeginAudit(ctx, begun); err != nil {
		return fmt.Errorf("begin audit: %w", err)
	}
	return nil
}

// Fail writes down that an audit could not tell, or not all. What is kept of it stays.
func Fail(ctx context.Context, db *store.DB, id uuid.UUID, why string) error {
	if err := db.FailAudit(ctx, shopdb.FailAuditParams{ID: id, Error: why}); err != nil {
		return fmt.Errorf("fail audit: %w", err)
	}
	return nil
}

// Keep writes down what an audit has found, instead of what an earlier attempt of it had. The audit is
// not over by it.
func Keep(ctx context.Context, db *store.DB, report *Report) error {
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.ForgetAudit(ctx, report.ID); err != nil {
			return err
		}
		for _, result := range report.Results {
			if err := keepResult(ctx, q, report.ID, result); err != nil {
				return err
			}
		}
		return q.KeepAuditSnapshot(ctx, shopdb.KeepAuditSnapshotParams{ID: report.ID, SnapshotAt: &report.SnapshotAt})
	})
	if err != nil {
		return fmt.Errorf("keep what the audit has found: %w", err)
	}
	return nil
}

// KeepOne writes down what one check has found, beside the others.
func KeepOne(ctx context.Context, db *store.DB, id uuid.UUID, result Result) error {
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.ForgetAuditResult(ctx, shopdb.ForgetAuditResultParams{RunID: id, CheckName: result.Name}); err != nil {
			return err
		}
		return keepResult(ctx, q, id, result)
	})
	if err != nil {
		return fmt.Errorf("keep what check %s has found: %w", result.Name, err)
	}
	return nil
}

func keepResult(ctx context.Context, q *shopdb.Queries, id uuid.UUID, result Result) error {
	err := q.KeepAuditResult(ctx, shopdb.KeepAuditResultParams{
		RunID: id, CheckName: result.Name, Severity: string(result.Severity), Subject: result.Subject,
		Proves: result.Proves, Differences: result.Differences, Seconds: result.Seconds,
	})
	if err != nil {
		return err
	}
	found, err := json.Marshal(result.Found)
	if err != nil {
		return err
	}
	return q.KeepAuditDifferences(ctx, shopdb.KeepAuditDifferencesParams{RunID: id, CheckName: result.Name, Differences: found})
}

// Finish ends an audit whose findings are kept.
func Finish(ctx context.Context, db *store.DB, id uuid.UUID) error {
	if err := db.FinishAudit(ctx, id); err != nil {
		return fmt.Errorf("finish audit: %w", err)
	}
	return nil
}

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

// Begin writes down that an audit runs, once for its id.
func Begin(ctx context.Context, db *store.DB, id uuid.UUID, trigger string) error {
	if err := db.BeginAudit(ctx, shopdb.BeginAuditParams{ID: id, Trigger: trigger}); err != nil {
		return fmt.Errorf("begin audit: %w", err)
	}
	return nil
}

// Fail writes down that an audit could not tell.
func Fail(ctx context.Context, db *store.DB, id uuid.UUID, why string) error {
	if err := db.FailAudit(ctx, shopdb.FailAuditParams{ID: id, Error: why}); err != nil {
		return fmt.Errorf("fail audit: %w", err)
	}
	return nil
}

// Keep writes down what an audit has found, instead of what an earlier attempt of it had.
func Keep(ctx context.Context, db *store.DB, report *Report) error {
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.ForgetAudit(ctx, report.ID); err != nil {
			return err
		}
		for _, result := range report.Results {
			err := q.KeepAuditResult(ctx, shopdb.KeepAuditResultParams{
				RunID: report.ID, CheckName: result.Name, Severity: string(result.Severity), Subject: result.Subject,
				Proves: result.Proves, Differences: result.Differences, Seconds: result.Seconds,
			})
			if err != nil {
				return err
			}
			found, err := json.Marshal(result.Found)
			if err != nil {
				return err
			}
			err = q.KeepAuditDifferences(ctx, shopdb.KeepAuditDifferencesParams{RunID: report.ID, CheckName: result.Name, Differences: found})
			if err != nil {
				return err
			}
		}
		return q.FinishAudit(ctx, shopdb.FinishAuditParams{ID: report.ID, Differences: report.Differences, SnapshotAt: &report.SnapshotAt})
	})
	if err != nil {
		return fmt.Errorf("keep what the audit has found: %w", err)
	}
	return nil
}

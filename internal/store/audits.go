package store

import (
	"context"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// AuditReport is a run of the audit with what it has found.
type AuditReport struct {
	shopdb.AuditRun
	Results     []shopdb.AuditResult
	Differences map[string][]shopdb.AuditDifference // by check; the first of each
}

// FindAudit gives one run of the audit, or ErrNotFound.
func (db *DB) FindAudit(ctx context.Context, id uuid.UUID) (AuditReport, error) {
	run, err := db.Audit(ctx, id)
	if err != nil {
		return AuditReport{}, failed("read audit", err)
	}
	report := AuditReport{AuditRun: run, Differences: map[string][]shopdb.AuditDifference{}}
	if report.Results, err = db.AuditResults(ctx, id); err != nil {
		return AuditReport{}, failed("read results of audit", err)
	}
	found, err := db.AuditDifferences(ctx, id)
	if err != nil {
		return AuditReport{}, failed("read differences of audit", err)
	}
	for _, difference := range found {
		report.Differences[difference.CheckName] = append(report.Differences[difference.CheckName], difference)
	}
	return report, nil
}

package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// Maintenance is work on what runs have left behind in the lake and the warehouse.
type Maintenance struct {
	Kind       string // erasure or retention
	Subject    string // by ids only: customer 7
	HoldsRuns  bool   // no run begins until it has ended
	WorkflowID string
}

// Kinds of maintenance.
const (
	Erasure   = "erasure"
	Retention = "retention"
)

// TakeMaintenance begins maintenance, or goes on with it when what was asked for is under way already. When
// waitsFor is not empty it names what must end first and nothing is taken, unless own is true: then runs
// that had begun are still under way, and no other begins.
func (db *DB) TakeMaintenance(ctx context.Context, m Maintenance) (waitsFor string, own bool, err error) {
	err = db.InTx(ctx, func(queries *shopdb.Queries) error {
		if err := queries.LockRuns(ctx); err != nil {
			return err
		}
		other, err := queries.MaintenanceUnderWay(ctx)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			err = queries.BeginMaintenance(ctx, shopdb.BeginMaintenanceParams{
				Kind: m.Kind, Subject: m.Subject, HoldsRuns: m.HoldsRuns, WorkflowID: m.WorkflowID,
			})
		case err == nil && (other.Kind != m.Kind || other.Subject != m.Subject):
			waitsFor = other.Kind + " of " + other.Subject
			return nil
		case err == nil:
			err = queries.TakeOverMaintenance(ctx, shopdb.TakeOverMaintenanceParams{ID: other.ID, WorkflowID: m.WorkflowID})
		}
		if own = err == nil; !own || !m.HoldsRuns {
			return err
		}
		begun, err := queries.RunsBegun(ctx)
		if err == nil && begun > 0 {
			waitsFor = fmt.Sprintf("%d runs that are under way", begun)
		}
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("begin %s of %s: %w", m.Kind, m.Subject, err)
	}
	return waitsFor, own, nil
}

// EndMaintenance lets runs and other maintenance begin. Ended before, it changes nothing.
func (db *DB) EndMaintenance(ctx context.Context, m Maintenance) error {
	if err := db.Queries.EndMaintenance(ctx, shopdb.EndMaintenanceParams{Kind: m.Kind, Subject: m.Subject}); err != nil {
		return fmt.Errorf("end %s of %s: %w", m.Kind, m.Subject, err)
	}
	return nil
}

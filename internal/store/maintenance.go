package store

import (
	"context"
	"errors"
	"fmt"
	"time"

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
			waitsFor = runsUnderWay(begun)
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

// AbandonErasure lets runs and other maintenance begin, unless the shop has forgotten the customer and the lake has not:
// then held is true. A try that is about to have the shop forget the customer is waited for.
func (db *DB) AbandonErasure(ctx context.Context, customer int64) (held bool, err error) {
	subject := erasureOf(customer)
	err = db.InTx(ctx, func(queries *shopdb.Queries) error {
		if err := queries.LockErasure(ctx, subject); err != nil {
			return err
		}
		half, err := queries.HalfErased(ctx, customer)
		if held = half; err != nil || held {
			return err
		}
		return queries.EndMaintenance(ctx, shopdb.EndMaintenanceParams{Kind: Erasure, Subject: subject})
	})
	if err != nil {
		return false, fmt.Errorf("end %s of %s: %w", Erasure, subject, err)
	}
	return held, nil
}

// MaintenanceUnderWay is maintenance that has begun and not ended.
type MaintenanceUnderWay struct {
	ID         int64     `json:"id"`
	Kind       string    `json:"kind" enum:"erasure,retention" doc:"erasure: a customer is being erased; retention: the files of old loads are being removed."`
	Subject    string    `json:"subject" doc:"What it works on, by ids only."`
	HoldsRuns  bool      `json:"holds_runs" doc:"Loads, replays and rollbacks that are asked for wait for its end."`
	WorkflowID string    `json:"workflow_id"`
	BeganAt    time.Time `json:"began_at"`
	WaitsFor   *string   `json:"waits_for" doc:"What it waits for itself: loads that had begun; null when it waits for nothing."`
	Stopped    *string   `json:"stopped" doc:"Why nothing carries it out any more, and how it goes on; null while its workflow runs. Within two minutes of the end of its workflow it has ended, too, or says so here."`

	TakenAt time.Time `json:"-"` // by its workflow, the last time
}

// String names it in a line for people.
func (m MaintenanceUnderWay) String() string { return m.Kind + " of " + m.Subject }

// MaintenanceUnderWay lists maintenance that has begun and not ended.
func (db *DB) MaintenanceUnderWay(ctx context.Context) ([]MaintenanceUnderWay, error) {
	rows, err := db.ListMaintenance(ctx)
	if err != nil {
		return nil, fmt.Errorf("list maintenance: %w", err)
	}
	list := make([]MaintenanceUnderWay, len(rows))
	for i, row := range rows {
		list[i] = MaintenanceUnderWay{
			ID: row.ID, Kind: row.Kind, Subject: row.Subject, HoldsRuns: row.HoldsRuns, WorkflowID: row.WorkflowID,
			BeganAt: row.BeganAt.UTC(), TakenAt: row.TakenAt, Stopped: row.Stopped,
		}
		if row.RunsBegun > 0 {
			begun := runsUnderWay(row.RunsBegun)
			list[i].WaitsFor = &begun
		}
	}
	return list, nil
}

func runsUnderWay(begun int64) string { return fmt.Sprintf("%d runs that are under way", begun) }

// GiveUpMaintenance ends maintenance that nothing carries out any more, for the reason why. An erasure half of which
// is done is not ended: held is true, and whyHeld is on record. It does nothing when somebody has taken or ended the
// maintenance since m was seen: then known is false.
func (db *DB) GiveUpMaintenance(ctx context.Context, m MaintenanceUnderWay, why, whyHeld string) (known, held bool, err error) {
	err = db.InTx(ctx, func(queries *shopdb.Queries) error {
		_, err := queries.LockMaintenance(ctx, shopdb.LockMaintenanceParams{ID: m.ID, TakenAt: m.TakenAt})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil {
			known = true
			held, err = queries.GiveUpMaintenance(ctx, shopdb.GiveUpMaintenanceParams{ID: m.ID, Why: why, WhyHeld: whyHeld})
		}
		return err
	})
	if err != nil {
		return false, false, fmt.Errorf("give up %s: %w", m, err)
	}
	return known, held, nil
}

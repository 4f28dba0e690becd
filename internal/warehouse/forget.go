package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/warehouse/warehousedb"
)

// Forgetting says which publishes can still be undone afterwards.
type Forgetting struct {
	Versions int         // the latest publishes that stand, at least 1
	Since    time.Time   // and those since then
	Busy     []uuid.UUID // and those since the first of these runs, which may be undoing them
	At       time.Time   // when they are forgotten; asked again with the same, Forget tells the same
	Dry      bool        // only tell what would be

	Left func(runID uuid.UUID) bool // whether what a run has staged is of no use to anybody
}

// KeptVersion is what an execution of a run has made of a table: it stands, or would stand again if publishes
// were undone.
type KeptVersion struct {
	Table     string
	RunID     uuid.UUID
	Execution int
}

// errDry undoes what was only tried.
var errDry = errors.New("a dry run changes nothing")

// Forget forgets what stood before old publishes, which then cannot be undone any more, and returns how
// many those are and what is kept. It drops staging tables that runs have left.
func (db *DB) Forget(ctx context.Context, f Forgetting) (forgotten int64, kept []KeptVersion, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) (err error) {
		queries := warehousedb.New(tx)
		if err := db.limitLocks(ctx, queries); err != nil {
			return err
		}
		if err := queries.ForgetPublications(ctx, warehousedb.ForgetPublicationsParams{
			Versions: int32(f.Versions), Since: f.Since, Busy: f.Busy, At: f.At,
		}); err != nil {
			return err
		}
		if err := sweepLeft(ctx, queries, f.Left); err != nil {
			return err
		}
		if forgotten, err = queries.ForgottenAt(ctx, f.At); err != nil {
			return err
		}
		rows, err := queries.KeptVersions(ctx)
		for _, row := range rows {
			kept = append(kept, KeptVersion{Table: row.TableName, RunID: row.RunID, Execution: int(row.Execution)})
		}
		if err == nil && f.Dry {
			err = errDry
		}
		return err
	})
	if err != nil && !errors.Is(err, errDry) {
		return 0, nil, fmt.Errorf("forget what stood before old publishes: %w", err)
	}
	return forgotten, kept, nil
}

func sweepLeft(ctx context.Context, queries *warehousedb.Queries, left func(uuid.UUID) bool) error {
	staged, err := queries.StagedRuns(ctx)
	if err != nil {
		return err
	}
	for _, id := range staged {
		if left(id) {
			if _, err := queries.SweepStaging(ctx, warehousedb.SweepStagingParams{RunID: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

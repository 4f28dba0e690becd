package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake/pgcopy"
	"mercado/internal/warehouse/warehousedb"
)

// Stage fills the staging table of a table for one execution of a run with the rows of Parquet
// files, in one transaction, and returns how many there are. progress is told so far.
func (db *DB) Stage(ctx context.Context, table string, runID uuid.UUID, execution int, files []string, progress func(rows int64)) (rows int64, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		queries := warehousedb.New(tx)
		if err := db.limitLocks(ctx, queries); err != nil {
			return err
		}
		staged, err := queries.OpenStaging(ctx, warehousedb.OpenStagingParams{TableName: table, RunID: runID, Execution: int32(execution)})
		if err != nil {
			return fmt.Errorf("open staging for %s: %w", table, err)
		}
		target := pgx.Identifier{"staging", staged}.Sanitize()
		statement, err := tx.Prepare(ctx, "", "select * from "+target)
		if err != nil {
			return err
		}
		columns, err := pgcopy.Columns(statement.Fields)
		if err != nil {
			return err
		}
		rows, err = load(ctx, tx, target, columns, files, progress)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("stage %s: %w", table, refused(err))
	}
	return rows, nil
}

// load copies files into the target: one goroutine reads Parquet, the other sends.
func load(ctx context.Context, tx pgx.Tx, target string, columns []pgcopy.Column, files []string, progress func(int64)) (int64, error) {
	reader, writer := io.Pipe()
	encoder := pgcopy.NewEncoder(writer, columns)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		defer func() { _ = writer.CloseWithError(err) }()
		for _, path := range files {
			if err := encodeFile(encoder, path); err != nil {
				return err
			}
			progress(encoder.Rows())
		}
		return encoder.Close()
	})
	group.Go(func() (err error) {
		defer func() { _ = reader.CloseWithError(err) }()
		_, err = tx.Conn().PgConn().CopyFrom(ctx, reader, "copy "+target+" from stdin (format binary)")
		return err
	})
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return encoder.Rows(), nil
}

func encodeFile(encoder *pgcopy.Encoder, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := encoder.File(file, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Staged counts the rows of a staging table and sums the columns: by day, or as a whole.
func (db *DB) Staged(ctx context.Context, table string, runID uuid.UUID, execution int, columns []string, byDay bool) (DayTotals, error) {
	staged, err := totals(db.StagingTotals(ctx, warehousedb.StagingTotalsParams{
		TableName: table, RunID: runID, Execution: int32(execution), Columns: columns, ByDay: byDay,
	}))
	if err != nil {
		return nil, fmt.Errorf("totals of staged %s: %w", table, err)
	}
	return staged, nil
}

// Reconciled records what is staged of a table and right: Publish publishes that and nothing else.
func (db *DB) Reconciled(ctx context.Context, table string, runID uuid.UUID, execution int, staged DayTotals) error {
	encoded, err := json.Marshal(staged)
	if err != nil {
		return err
	}
	if err := db.RecordReconciled(ctx, warehousedb.RecordReconciledParams{
		TableName: table, RunID: runID, Execution: int32(execution), Totals: encoded,
	}); err != nil {
		return fmt.Errorf("record what is reconciled of %s: %w", table, err)
	}
	return nil
}

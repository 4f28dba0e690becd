package extract

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
)

// parallel is how many connections of the pool read under a snapshot at once, if they are free.
const parallel = 4

// Extractor copies the shop to zone raw.
type Extractor struct {
	Pool    *pgxpool.Pool // of at least one connection; extracts that share it get on at any number
	Store   *lake.Store
	Scratch string // a folder for files on their way

	// BlocksPerRange cuts tables that are copied whole into ranges of so many blocks; 0 means 8192,
	// which is 64 MiB.
	BlocksPerRange uint32
}

// Request says what to extract.
type Request struct {
	RunID      string
	Interval   lake.Span
	Baseline   *lake.Mark      // days changed since then are extracted as well; nil for none
	Parameters lake.Parameters // frozen with what is extracted
	Try        int             // numbers the tries of one extract, so that no two write the same object
}

// Progress is told how far an extract has come; it may be called from several goroutines.
type Progress func(table string, rows int64, done, all int)

// Run extracts, freezes zone raw and returns what it froze. When the run's extract has been
// frozen before, it returns that and reads nothing.
func (e *Extractor) Run(ctx context.Context, request Request, progress Progress) (*lake.Snapshot, error) {
	if frozen, err := e.Store.Frozen(ctx, request.RunID); err != nil {
		return nil, err
	} else if frozen != nil {
		return e.Store.Freeze(ctx, frozen)
	}
	all, err := Sources()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(e.Scratch, "extract-")
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	snapshot := &lake.Snapshot{RunID: request.RunID, Interval: request.Interval, Parameters: request.Parameters}
	err = e.under(ctx, snapshot, request.Baseline, func(tx pgx.Tx, exported string) error {
		c := &copying{
			snapshot: snapshot, sources: all, exported: exported, folder: folder,
			try: request.Try, progress: progress,
		}
		// In this transaction, which holds what is described and measured against changes of the
		// schema and moves of rows until all is copied.
		if err := c.checkContracts(ctx, tx); err != nil {
			return err
		}
		if err := c.plan(ctx, shopdb.New(tx), cmp.Or(e.BlocksPerRange, blocksPerRange)); err != nil {
			return err
		}
		return e.copyAll(ctx, c, tx)
	})
	if err != nil {
		return nil, err
	}
	return e.Store.Freeze(ctx, snapshot)
}

// under opens the one transaction whose snapshot everything is read under, plans the days, and
// calls read while it is open.
func (e *Extractor) under(ctx context.Context, snapshot *lake.Snapshot, baseline *lake.Mark, read func(tx pgx.Tx, exported string) error) error {
	return pgx.BeginTxFunc(ctx, e.Pool, readOnly, func(tx pgx.Tx) error {
		queries := shopdb.New(tx)
		opened, err := queries.ExportSnapshot(ctx)
		if err != nil {
			return fmt.Errorf("open the snapshot: %w", err)
		}
		snapshot.ExtractedAt = opened.TakenAt.UTC()
		snapshot.Mark = lake.Mark{Snapshot: opened.Snapshot, SystemID: opened.SystemID}
		// Transaction ids of another database system say nothing about this one.
		if baseline != nil && baseline.SystemID == opened.SystemID {
			snapshot.Baseline = baseline
		}
		if snapshot.Days, err = planDays(ctx, queries, snapshot.Interval, snapshot.Baseline); err != nil {
			return err
		}
		return read(tx, opened.Exported)
	})
}

var readOnly = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// reading calls do with a transaction that reads under the exported snapshot.
func reading(ctx context.Context, connection *pgxpool.Conn, exported string, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, connection, readOnly, func(tx pgx.Tx) error {
		// The statement takes no parameters; the name came from Postgres.
		if _, err := tx.Exec(ctx, "set transaction snapshot '"+exported+"'"); err != nil {
			return fmt.Errorf("join the snapshot: %w", err)
		}
		return do(tx)
	})
}

package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/warehouse/warehousedb"
)

// Publish names a publication that stands.
type Publish struct {
	Number    int64     `json:"number"` // in the order of the publishes
	RunID     uuid.UUID `json:"run_id"`
	Execution int       `json:"execution"`

	At        time.Time `json:"at"`
	Forgotten bool      `json:"forgotten"` // what stood before is not kept any more
}

// RollbackError tells why publishes cannot be undone as asked.
type RollbackError struct {
	Problem string
	Newer   []uuid.UUID // runs that have published since the one to undo, the latest first
}

func (e *RollbackError) Error() string {
	if len(e.Newer) == 0 {
		return e.Problem
	}
	names := make([]string, len(e.Newer))
	for i, id := range e.Newer {
		names[i] = id.String()
	}
	return fmt.Sprintf("%s: %s has published since; undo newer ones first, or with it", e.Problem, strings.Join(names, ", "))
}

// ToUndo are the publishes to undo, the latest first: the latest, or that of a run and, withNewer,
// all since. The error is a *RollbackError when there is none, or when others came later.
func (db *DB) ToUndo(ctx context.Context, run *uuid.UUID, withNewer bool) ([]Publish, error) {
	standing, err := standingPublishes(ctx, db.Queries)
	if err != nil {
		return nil, err
	}
	if len(standing) == 0 {
		return nil, &RollbackError{Problem: "nothing that has been published stands"}
	}
	at := 0
	if run != nil {
		at = slices.IndexFunc(standing, func(p Publish) bool { return p.RunID == *run })
	}
	switch {
	case at < 0:
		return nil, &RollbackError{Problem: fmt.Sprintf("nothing that run %s has published stands", run)}
	case at > 0 && !withNewer:
		problem := &RollbackError{Problem: fmt.Sprintf("run %s is not the latest that stands", run)}
		for _, newer := range standing[:at] {
			if !slices.Contains(problem.Newer, newer.RunID) {
				problem.Newer = append(problem.Newer, newer.RunID)
			}
		}
		return nil, problem
	case standing[at].Forgotten:
		return nil, &RollbackError{Problem: fmt.Sprintf(
			"what stood before run %s was published on %s is not kept any more: load the days to be put right again, as a new run",
			standing[at].RunID, standing[at].At.UTC().Format(time.DateOnly))}
	}
	return standing[:at+1], nil
}

func standingPublishes(ctx context.Context, queries *warehousedb.Queries) ([]Publish, error) {
	rows, err := queries.StandingPublications(ctx)
	if err != nil {
		return nil, fmt.Errorf("look what is published: %w", err)
	}
	standing := make([]Publish, len(rows))
	for i, row := range rows {
		standing[i] = Publish{Number: row.Number, RunID: row.RunID, Execution: int(row.Execution), At: row.PublishedAt, Forgotten: row.Forgotten}
	}
	return standing, nil
}

// StandingRuns are the runs that have something published that stands.
func (db *DB) StandingRuns(ctx context.Context) (map[uuid.UUID]bool, error) {
	standing, err := standingPublishes(ctx, db.Queries)
	runs := map[uuid.UUID]bool{}
	for _, publish := range standing {
		runs[publish.RunID] = true
	}
	return runs, err
}

// StandingExecution is the last execution of a run whose publish stands, nil when none does.
func (db *DB) StandingExecution(ctx context.Context, run uuid.UUID) (*int32, error) {
	last, err := lastPublication(ctx, db.Queries, run)
	if err != nil || last == nil {
		return nil, err
	}
	return &last.Execution, nil
}

// Before is what is to stand of a table once publishes are undone.
type Before struct {
	Sources []Source
	Empty   []int32 // days, or 0 for a table written whole, of which nothing stood
}

// Source is what an execution of a run had made of a table, and the days that are to stand of it.
type Source struct {
	RunID     uuid.UUID
	Execution int
	Days      []int32 // 0 for a table written whole
}

// Days are those of all sources, and the empty ones.
func (b Before) Days() []int32 {
	days := slices.Clone(b.Empty)
	for _, source := range b.Sources {
		days = append(days, source.Days...)
	}
	return days
}

// Spans are the days of a source of a table of facts.
func (s Source) Spans() []lake.Span {
	spans := make([]lake.Span, len(s.Days))
	for i, id := range s.Days {
		day := lake.DayOfID(id)
		spans[i] = lake.Span{From: day, To: day + 1}
	}
	return lake.Join(spans...)
}

// BeforePublishes is what is to stand of the tables, by name, once these publishes are undone.
func (db *DB) BeforePublishes(ctx context.Context, numbers []int64) (map[string]Before, error) {
	return beforePublishes(ctx, db.Queries, numbers)
}

func beforePublishes(ctx context.Context, queries *warehousedb.Queries, numbers []int64) (map[string]Before, error) {
	rows, err := queries.BeforePublications(ctx, numbers)
	if err != nil {
		return nil, fmt.Errorf("look what stood before: %w", err)
	}
	tables := map[string]Before{}
	for _, row := range rows {
		before := tables[row.TableName]
		if row.RunID == nil {
			before.Empty = append(before.Empty, row.DateID)
			tables[row.TableName] = before
			continue
		}
		at := slices.IndexFunc(before.Sources, func(s Source) bool { return s.RunID == *row.RunID && s.Execution == int(*row.Execution) })
		if at < 0 {
			at = len(before.Sources)
			before.Sources = append(before.Sources, Source{RunID: *row.RunID, Execution: int(*row.Execution)})
		}
		before.Sources[at].Days = append(before.Sources[at].Days, row.DateID)
		tables[row.TableName] = before
	}
	return tables, nil
}

// EmptyStaging makes an empty staging table of a table for an execution.
func (db *DB) EmptyStaging(ctx context.Context, table string, runID uuid.UUID, execution int) error {
	_, err := db.OpenStaging(ctx, warehousedb.OpenStagingParams{TableName: table, RunID: runID, Execution: int32(execution)})
	if err != nil {
		return fmt.Errorf("open staging for %s: %w", table, err)
	}
	return nil
}

// besideStaging is the number under which files are staged of which some days are kept. Executions count
// from 1.
const besideStaging = 0

// StageDays adds the rows of these days that are in Parquet files to the staging table of an
// execution, which EmptyStaging has made. The files as a whole must hold these totals: a difference
// is a *ReconcileError.
func (db *DB) StageDays(ctx context.Context, table string, runID uuid.UUID, execution int, days []int32, files []string, held lake.Totals, progress func(rows int64)) error {
	if _, err := db.Stage(ctx, table, runID, besideStaging, files, progress); err != nil {
		return err
	}
	if err := db.Holds(ctx, table, runID, besideStaging, held); err != nil {
		return err
	}
	err := db.KeepStaged(ctx, warehousedb.KeepStagedParams{
		TableName: table, RunID: runID, Source: besideStaging, Execution: int32(execution), Days: days,
	})
	if err != nil {
		return fmt.Errorf("keep days of %s: %w", table, err)
	}
	return nil
}

// Holds returns a *ReconcileError unless a staging table has these totals.
func (db *DB) Holds(ctx context.Context, table string, runID uuid.UUID, execution int, held lake.Totals) error {
	staged, err := db.Staged(ctx, table, runID, execution, sorted(held.Sums), false)
	if err != nil {
		return err
	}
	return DayTotals{0: held}.compare(table, "staging", staged)
}

// Undoing is an execution that undoes publishes.
type Undoing struct {
	RunID     uuid.UUID
	Execution int
	Numbers   []int64 // of the publishes, the latest first
	Tables    []PublishedTable
}

// Rollback puts back what stood before the publishes, as it is staged and reconciled, in one transaction
// with the proofs of Publish. A day on which nothing stood is emptied. When others have published since, the
// error is a *RollbackError. Asked again, it tells what it did.
func (db *DB) Rollback(ctx context.Context, u Undoing) (Published, error) {
	tx, err := db.Pool.Begin(ctx)
	if err != nil {
		return Published{}, fmt.Errorf("begin to roll back: %w", err)
	}
	undoing := &undoing{Undoing: u, publishing: publishing{
		Publication: Publication{RunID: u.RunID, Execution: u.Execution}, db: db, queries: warehousedb.New(tx),
	}}
	if err := undoing.run(ctx); err != nil {
		rollback(ctx, tx)
		return Published{}, err
	}
	if err := db.commit(ctx, tx, undoing.happened); err != nil {
		return Published{}, err
	}
	return undoing.done, nil
}

type undoing struct {
	Undoing
	publishing
}

func (u *undoing) happened(ctx context.Context, queries *warehousedb.Queries) (bool, error) {
	undone, err := undoneBy(ctx, queries, u.Undoing.RunID, u.Undoing.Execution)
	return slices.EqualFunc(undone, u.Numbers, func(p Publish, n int64) bool { return p.Number == n }), err
}

func undoneBy(ctx context.Context, queries *warehousedb.Queries, run uuid.UUID, execution int) ([]Publish, error) {
	rows, err := queries.RolledBackBy(ctx, warehousedb.RolledBackByParams{RunID: &run, Execution: int32(execution)})
	undone := make([]Publish, len(rows))
	for i, row := range rows {
		undone[i] = Publish{Number: row.Number, RunID: row.RunID}
	}
	return undone, err
}

// Undone are the runs whose publishes an execution has undone, the latest first: none when it has changed nothing. A
// commit that is under way is waited for.
func (db *DB) Undone(ctx context.Context, run uuid.UUID, execution int) (runs []uuid.UUID, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		queries := warehousedb.New(tx)
		if err := queries.LockPublishing(ctx); err != nil {
			return err
		}
		undone, err := undoneBy(ctx, queries, run, execution)
		for _, publish := range undone {
			if !slices.Contains(runs, publish.RunID) {
				runs = append(runs, publish.RunID)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look what execution %d of run %s has undone: %w", execution, run, err)
	}
	return runs, nil
}

func (u *undoing) run(ctx context.Context) error {
	if err := u.queries.LockPublishing(ctx); err != nil {
		return fmt.Errorf("wait for a publish: %w", err)
	}
	if err := u.db.limitLocks(ctx, u.queries); err != nil {
		return err
	}
	if happened, err := u.happened(ctx, u.queries); err != nil || happened {
		return err
	}
	standing, err := standingPublishes(ctx, u.queries)
	if err != nil {
		return err
	}
	if len(standing) < len(u.Numbers) || !slices.EqualFunc(standing[:len(u.Numbers)], u.Numbers, func(p Publish, n int64) bool { return p.Number == n && !p.Forgotten }) {
		return &RollbackError{Problem: "what is to be undone is no longer the latest that was published: roll back again"}
	}
	tables, err := beforePublishes(ctx, u.queries, u.Numbers)
	if err != nil {
		return err
	}
	for _, table := range u.Undoing.Tables {
		before, is := tables[table.Name]
		delete(tables, table.Name)
		if !is || table.Upsert {
			continue
		}
		if err := u.putBack(ctx, table, before); err != nil {
			return fmt.Errorf("put back %s: %w", table.Name, refused(err))
		}
	}
	for name := range tables {
		return &RollbackError{Problem: fmt.Sprintf("table %s is not one that this release publishes", name)}
	}
	return u.queries.UndoPublications(ctx, warehousedb.UndoPublicationsParams{
		Numbers: u.Numbers, RunID: u.Undoing.RunID, Execution: int32(u.Undoing.Execution),
	})
}

// putBack makes a table what is staged of it, on the days before.
func (u *undoing) putBack(ctx context.Context, table PublishedTable, before Before) error {
	expected, err := u.expected(ctx, table)
	if err == nil && expected == nil {
		err = fmt.Errorf("it has not been reconciled")
	}
	if err != nil {
		return err
	}
	if err := u.staged(ctx, table, expected); err != nil {
		return err
	}
	if !table.Facts {
		return u.placeWhole(ctx, table, expected)
	}
	days := before.Days()
	if err := expected.compare(table.Name, "the days to put back", expected.of(days)); err != nil {
		return err
	}
	u.done.Days += int64(len(days))
	return u.placeDays(ctx, table, expected, days, days)
}

package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/warehouse/warehousedb"
)

// Publication is what one execution of a run publishes.
type Publication struct {
	RunID     uuid.UUID
	Execution int
	Interval  lake.Span
	Mark      lake.Mark  // what the run read
	Baseline  *lake.Mark // changes since then are in the tables' days
	Tables    []PublishedTable

	// History is what the tables were made from beside the run's own days, by table: it must be what
	// stands when they are put in place. nil when none was read.
	History map[string][]Standing
}

// PublishedTable is a staged and reconciled table.
type PublishedTable struct {
	Name    string
	Content string      // digest of what the run made of the table
	Facts   bool        // replaced by days; otherwise as a whole
	Days    []lake.Span // of a table of facts
	Upsert  bool        // of a whole table: rows that are not staged stay
	AsOf    bool        // a whole table that shows the interval's last day, and is not turned back to an earlier one
	Reads   []string    // tables of the history that it was made from
}

// Published tells what the run's publish did.
type Published struct {
	Already bool  `json:"already"` // an earlier execution had published the same and it stands: nothing was done, the rest tells what that one did
	Rows    int64 `json:"rows"`    // written or, of tables without days, removed
	Days    int64 `json:"days"`    // days of tables put in place
	Kept    int64 `json:"kept"`    // days of tables left alone, because a newer snapshot had published them

	// Stay are the tables that show a day and were left alone, because they show a later one or were made from a newer
	// snapshot: what the run has changed does not show in them.
	Stay []Staying `json:"stay,omitempty"`
}

// Staying is a table that shows a day.
type Staying struct {
	Table string   `json:"table"`
	Shows lake.Day `json:"shows"`
}

// Publish puts all staged tables in place in one transaction: a reader sees all of it or none,
// and waits for nothing. Publishes take turns. Of two runs with days in common the one that read
// the newer snapshot of the shop wins those days, whichever publishes first.
//
// Within the transaction what is staged is compared with what was reconciled, and so is what
// stands in the end, by table and day; a difference is a *ReconcileError and nothing is published.
// A table that was not staged must stand already, and the history that a table was made from must
// stand when it is put in place: otherwise the error is a *StaleError. Rows the warehouse refuses, and a shop that was set back, are a *RefusedError.
//
// An execution publishes once: asked again, after an answer that was lost, Publish tells what it
// did. A context that ends before the commit rolls back; after that the commit is waited for.
func (db *DB) Publish(ctx context.Context, p Publication) (Published, error) {
	tx, err := db.Pool.Begin(ctx)
	if err != nil {
		return Published{}, fmt.Errorf("begin to publish: %w", err)
	}
	publishing := &publishing{Publication: p, db: db, queries: warehousedb.New(tx)}
	err = publishing.run(ctx)
	if err == nil {
		err = publishing.staying(ctx)
	}
	if err != nil {
		rollback(ctx, tx)
		return Published{}, err
	}
	committed := func(ctx context.Context, queries *warehousedb.Queries) (bool, error) {
		last, err := lastPublication(ctx, queries, p.RunID)
		return last != nil && int(last.Execution) == p.Execution, err
	}
	if err := db.commit(ctx, tx, committed); err != nil {
		return Published{}, err
	}
	return publishing.done, nil
}

// publishing is one publication at work in its transaction.
type publishing struct {
	Publication
	db      *DB
	queries *warehousedb.Queries
	stale   map[string]bool // tables of the history that are no longer what was read
	done    Published
}

func (p *publishing) run(ctx context.Context) error {
	// Others' publishes may take long, so this lock has no timeout.
	if err := p.queries.LockPublishing(ctx); err != nil {
		return fmt.Errorf("wait for another publish: %w", err)
	}
	if err := p.db.limitLocks(ctx, p.queries); err != nil {
		return err
	}
	last, err := lastPublication(ctx, p.queries, p.RunID)
	switch {
	case err != nil:
		return err
	case last != nil && int(last.Execution) == p.Execution:
		p.done = publishedBy(last)
		return nil
	case last != nil && int(last.Execution) > p.Execution:
		return fmt.Errorf("execution %d of run %s has been published, which is later than %d", last.Execution, p.RunID, p.Execution)
	}
	if err := p.queries.CheckSystem(ctx, p.Mark.SystemID); err != nil {
		return refused(err)
	}
	if p.stale, err = p.staleHistory(ctx); err != nil {
		return err
	}
	for _, table := range p.Tables {
		if err := p.table(ctx, table); err != nil {
			return fmt.Errorf("publish %s: %w", table.Name, refused(err))
		}
	}
	if last != nil && p.done.Rows == 0 && p.done.Days == 0 {
		p.done = publishedBy(last)
		p.done.Already = true
		return nil
	}
	return p.record(ctx)
}

func (p *publishing) table(ctx context.Context, table PublishedTable) error {
	expected, err := p.expected(ctx, table)
	if err != nil {
		return err
	}
	if expected == nil {
		return p.unstaged(ctx, table)
	}
	if err := p.staged(ctx, table, expected); err != nil {
		return err
	}
	if table.Facts {
		return p.facts(ctx, table, expected)
	}
	return p.whole(ctx, table, expected)
}

// staged compares what is staged with what was reconciled.
func (p *publishing) staged(ctx context.Context, table PublishedTable, expected DayTotals) error {
	staged, err := totals(p.queries.StagingTotals(ctx, warehousedb.StagingTotalsParams{
		TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution), Columns: expected.columns(), ByDay: table.Facts,
	}))
	if err != nil {
		return err
	}
	return expected.compare(table.Name, "staging", staged)
}

// expected is what the run's reconcile step recorded of a table, nil when it was not staged.
func (p *publishing) expected(ctx context.Context, table PublishedTable) (DayTotals, error) {
	expected, err := totals(p.queries.Reconciled(ctx, warehousedb.ReconciledParams{
		RunID: p.RunID, Execution: int32(p.Execution), TableName: table.Name,
	}))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return expected, err
}

// facts puts the days in place that no newer snapshot has published and that do not stand yet.
func (p *publishing) facts(ctx context.Context, table PublishedTable, expected DayTotals) error {
	days := dateIDs(table.Days)
	if err := expected.compare(table.Name, "the run's days", expected.of(days)); err != nil {
		return err
	}
	newer, same, err := p.standing(ctx, table, days)
	if err != nil {
		return err
	}
	ours := without(days, newer)
	before, err := p.published(ctx, table, ours, expected)
	if err != nil {
		return err
	}
	place := slices.DeleteFunc(slices.Clone(ours), func(day int32) bool {
		return slices.Contains(same, day) && before[day].Equal(expected[day])
	})
	if len(place) > 0 {
		if err := p.prove(table); err != nil {
			return err
		}
	}
	p.done.Days += int64(len(place))
	p.done.Kept += int64(len(days) - len(ours))
	if err := p.placeDays(ctx, table, expected, place, ours); err != nil {
		return err
	}
	return p.recordVersions(ctx, table, place)
}

// placeDays puts staged days in place, and compares what stands then on these and others.
func (p *publishing) placeDays(ctx context.Context, table PublishedTable, expected DayTotals, place, compare []int32) error {
	rows, err := p.queries.PlaceDays(ctx, warehousedb.PlaceDaysParams{
		TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution), Days: place,
	})
	if err != nil {
		return err
	}
	p.done.Rows += rows
	after, err := p.published(ctx, table, compare, expected)
	if err != nil {
		return err
	}
	return expected.of(compare).compare(table.Name, "warehouse", after)
}

// whole makes a table without days what is staged, unless a newer snapshot has published it.
func (p *publishing) whole(ctx context.Context, table PublishedTable, expected DayTotals) error {
	noDay := []int32{0}
	newer, same, err := p.standing(ctx, table, noDay)
	if err != nil || len(newer) > 0 {
		return err
	}
	if len(same) == 0 {
		if err := p.prove(table); err != nil {
			return err
		}
	}
	if err := p.placeWhole(ctx, table, expected); err != nil {
		return err
	}
	return p.recordVersions(ctx, table, noDay)
}

// placeWhole makes a table what is staged, and compares the two row by row.
func (p *publishing) placeWhole(ctx context.Context, table PublishedTable, expected DayTotals) error {
	placed, err := p.queries.PlaceWhole(ctx, warehousedb.PlaceWholeParams{
		TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution), Remove: !table.Upsert,
	})
	if err != nil {
		return err
	}
	p.done.Rows += placed.Changed
	r := &reconciling{}
	r.equal(table.Name, "rows", "reconcile", "warehouse", expected[0].Rows, placed.Standing)
	r.equal(table.Name, "rows that are not staged", "reconcile", "warehouse", 0, placed.Strange)
	return r.err()
}

// staying notes which of the tables that show a day are another run's.
func (p *publishing) staying(ctx context.Context) error {
	var tables []string
	for _, table := range p.Tables {
		if table.AsOf {
			tables = append(tables, table.Name)
		}
	}
	rows, err := p.queries.StandingOfOthers(ctx, warehousedb.StandingOfOthersParams{Tables: tables, RunID: p.RunID})
	if err != nil {
		return fmt.Errorf("look which day is shown: %w", err)
	}
	for _, row := range rows {
		p.done.Stay = append(p.done.Stay, Staying{Table: row.TableName, Shows: lake.DayOf(row.Shows)})
	}
	return nil
}

// standing tells which of the days a newer snapshot has published, and which the run has
// published with the same content.
func (p *publishing) standing(ctx context.Context, table PublishedTable, days []int32) (newer, same []int32, err error) {
	var asOf *time.Time
	if table.AsOf {
		to := p.Interval.To.Time()
		asOf = &to
	}
	row, err := p.queries.Standing(ctx, warehousedb.StandingParams{
		TableName: table.Name, Days: days, RunID: p.RunID, Content: table.Content,
		Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, AsOf: asOf,
	})
	return row.Newer, row.Same, err
}

func (p *publishing) published(ctx context.Context, table PublishedTable, days []int32, like DayTotals) (DayTotals, error) {
	return totals(p.queries.PublishedTotals(ctx, warehousedb.PublishedTotalsParams{
		TableName: table.Name, Columns: like.columns(), Days: days,
	}))
}

func (p *publishing) recordVersions(ctx context.Context, table PublishedTable, days []int32) error {
	return p.queries.RecordVersions(ctx, warehousedb.RecordVersionsParams{
		TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution), Content: table.Content,
		Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, IntervalTo: p.Interval.To.Time(), Days: days,
	})
}

func (p *publishing) record(ctx context.Context) error {
	var baseline *string
	if p.Baseline != nil {
		baseline = &p.Baseline.Snapshot
	}
	mark, err := p.queries.Mark(ctx)
	var before warehousedb.RecordPublicationParams
	switch {
	case err == nil:
		before.MarkBefore, before.MarkBeforeSystem = &mark.Snapshot, &mark.SystemID
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("read the mark: %w", err)
	}
	if err := p.queries.MoveMark(ctx, warehousedb.MoveMarkParams{
		Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, Baseline: baseline,
	}); err != nil {
		return fmt.Errorf("move the mark: %w", refused(err))
	}
	return p.queries.RecordPublication(ctx, warehousedb.RecordPublicationParams{
		RunID: p.RunID, Execution: int32(p.Execution),
		IntervalFrom: p.Interval.From.Time(), IntervalTo: p.Interval.To.Time(),
		Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID,
		RowsPublished: p.done.Rows, DaysPlaced: p.done.Days, DaysKept: p.done.Kept,
		MarkBefore: before.MarkBefore, MarkBeforeSystem: before.MarkBeforeSystem,
	})
}

func without(days, others []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(days), func(day int32) bool { return slices.Contains(others, day) })
}

func totals(answer json.RawMessage, err error) (DayTotals, error) {
	if err != nil {
		return nil, err
	}
	var days DayTotals
	return days, json.Unmarshal(answer, &days)
}

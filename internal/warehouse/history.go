package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/warehouse/warehousedb"
)

// HistoryTable is a table of which a run reads what others have published.
type HistoryTable struct {
	Name string
	Own  []lake.Span // the run's own days of a table of facts; nil of a table written whole
}

// Standing is what will stand of a table beside a run's own days: which run made it.
type Standing struct {
	Day       lake.Day // 1970-01-01 of a table written whole
	RunID     uuid.UUID
	Execution int
	Content   string // digest of all that the run made of the table
}

// History is what will stand of the tables, by name, once a run that read under the mark is published:
// days before a day that are not the run's own, or on which a newer snapshot has been published.
// Of a table written whole it is what stands now.
func (db *DB) History(ctx context.Context, tables []HistoryTable, before lake.Day, mark lake.Mark) (map[string][]Standing, error) {
	history := map[string][]Standing{}
	// All tables as of one moment: a publish puts them in place together.
	err := pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		queries := warehousedb.New(tx)
		for _, table := range tables {
			if history[table.Name], err = standing(ctx, queries, table, before, mark); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look what is published: %w", err)
	}
	return history, nil
}

func standing(ctx context.Context, queries *warehousedb.Queries, table HistoryTable, before lake.Day, mark lake.Mark) ([]Standing, error) {
	rows, err := queries.History(ctx, warehousedb.HistoryParams{
		TableName: table.Name, Before: before.DateID(), OwnDays: dateIDs(table.Own),
		Snapshot: mark.Snapshot, SystemID: mark.SystemID,
	})
	if err != nil {
		return nil, err
	}
	list := make([]Standing, len(rows))
	for i, row := range rows {
		list[i] = Standing{RunID: row.RunID, Execution: int(row.Execution), Content: row.Content}
		if row.DateID != 0 {
			list[i].Day = lake.DayOfID(row.DateID)
		}
	}
	return list, nil
}

// StaleError tells of a table that others have overtaken between the run's looking at the warehouse
// and its publish: the history it was made from has been replaced, or it was not staged because it
// stood already and stands no longer. Done again, it comes out right.
type StaleError struct {
	Table   string
	History []string // tables that were read
}

func (e *StaleError) Error() string {
	if len(e.History) == 0 {
		return fmt.Sprintf("%s stood as the run has made it, and was not staged; now it stands no longer", e.Table)
	}
	return fmt.Sprintf("%s was made from what stood of %s, of which another run has published since", e.Table, strings.Join(e.History, ", "))
}

// prove that the history a table was made from stands.
func (p *publishing) prove(table PublishedTable) error {
	stale := slices.DeleteFunc(slices.Clone(table.Reads), func(name string) bool { return !p.stale[name] })
	if len(stale) == 0 {
		return nil
	}
	return &StaleError{Table: table.Name, History: stale}
}

// staleHistory compares what the run read of each table with what will stand of it beside the run.
func (p *publishing) staleHistory(ctx context.Context) (map[string]bool, error) {
	stale := map[string]bool{}
	for _, table := range p.Tables {
		read, is := p.History[table.Name]
		if !is {
			continue
		}
		now, err := standing(ctx, p.queries, HistoryTable{Name: table.Name, Own: table.Days}, p.Interval.To, p.Mark)
		if err != nil {
			return nil, fmt.Errorf("look at the history of %s: %w", table.Name, err)
		}
		if !table.Facts && len(now) == 1 && now[0].RunID == p.RunID {
			continue // what stood before is what the run itself has replaced
		}
		stale[table.Name] = !slices.EqualFunc(read, now, func(a, b Standing) bool {
			return a.Day == b.Day && a.RunID == b.RunID && a.Content == b.Content
		})
	}
	return stale, nil
}

// Stands reports whether a table that has been made stands already as it is: every day, or the table
// as a whole, by its version and by these totals. Then it need not be staged.
func (db *DB) Stands(ctx context.Context, runID uuid.UUID, mark lake.Mark, table PublishedTable, made lake.Totals) (bool, error) {
	if table.Upsert {
		return false, nil // rows of others stand beside its own
	}
	days := []int32{0}
	if table.Facts {
		days = dateIDs(table.Days)
	}
	row, err := db.Standing(ctx, warehousedb.StandingParams{
		TableName: table.Name, Days: days, RunID: runID, Content: table.Content, Snapshot: mark.Snapshot, SystemID: mark.SystemID,
	})
	if err != nil || len(row.Same) < len(days) {
		return false, err
	}
	var standing DayTotals
	if table.Facts {
		standing, err = totals(db.PublishedTotals(ctx, warehousedb.PublishedTotalsParams{TableName: table.Name, Columns: sorted(made.Sums), Days: days}))
	} else {
		standing, err = totals(db.WholeTotals(ctx, warehousedb.WholeTotalsParams{TableName: table.Name, Columns: sorted(made.Sums)}))
	}
	if err != nil {
		return false, fmt.Errorf("totals of %s in the warehouse: %w", table.Name, err)
	}
	total := standing.Total()
	return total.Rows == made.Rows && (made.Rows == 0 || total.Equal(made)), nil
}

// unstaged sees that a table that was not staged stands still as the run has made it, or newer.
func (p *publishing) unstaged(ctx context.Context, table PublishedTable) error {
	staged, err := p.queries.IsStaged(ctx, warehousedb.IsStagedParams{TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution)})
	if err == nil && staged {
		err = fmt.Errorf("execution %d of run %s has not been reconciled", p.Execution, p.RunID)
	}
	if err != nil {
		return err
	}
	days := []int32{0}
	if table.Facts {
		days = dateIDs(table.Days)
	}
	newer, same, err := p.standing(ctx, table, days)
	if err != nil {
		return err
	}
	if len(without(without(days, same), newer)) > 0 {
		return &StaleError{Table: table.Name}
	}
	if table.Facts {
		p.done.Kept += int64(len(newer))
	}
	return nil
}

// dateIDs are the days of spans; never nil, which would mean all.
func dateIDs(spans []lake.Span) []int32 {
	ids := []int32{}
	for _, span := range spans {
		for day := span.From; day < span.To; day++ {
			ids = append(ids, day.DateID())
		}
	}
	return ids
}

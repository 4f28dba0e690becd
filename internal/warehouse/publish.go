package warehouse

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/warehouse/warehousedb"
)

// lockTimeout bounds how long a publish waits for whoever holds a lock on a table, before it
// gives up and is tried again.
const lockTimeout = "10s"

// Publication is what one execution of a run publishes.
type Publication struct {
	RunID     uuid.UUID
	Execution int
	Content   string // digest of the tables' contents
	Interval  lake.Span
	Mark      lake.Mark  // what the run read
	Baseline  *lake.Mark // changes since then are in the tables' days
	Tables    []PublishedTable
}

// PublishedTable is a staged table.
type PublishedTable struct {
	Name   string
	Facts  bool        // replaced by days; otherwise as a whole
	Days   []lake.Span // of a table of facts
	Upsert bool        // of a whole table: rows that are not staged stay
}

// Published tells what a publish did.
type Published struct {
	Already bool  `json:"already"` // the same had been published before: nothing was done
	Rows    int64 `json:"rows"`
	Days    int64 `json:"days"` // days of tables put in place
	Kept    int64 `json:"kept"` // days of tables left alone, because a newer snapshot had published them
}

// Publish puts all staged tables in place in one transaction: a reader sees all of it or none,
// and waits for nothing. Publishes take turns. Of two runs with days in common the one that read
// the newer snapshot of the shop wins those days, whichever publishes first.
func (db *DB) Publish(ctx context.Context, p Publication) (Published, error) {
	var done Published
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		queries := warehousedb.New(tx)
		if err := queries.SetLockTimeout(ctx, lockTimeout); err != nil {
			return err
		}
		if err := queries.LockPublishing(ctx); err != nil {
			return fmt.Errorf("wait for another publish: %w", err)
		}
		already, err := queries.Published(ctx, warehousedb.PublishedParams{RunID: p.RunID, Content: p.Content})
		if err != nil || already {
			done.Already = already
			return err
		}
		for _, table := range p.Tables {
			if err := p.publish(ctx, queries, table, &done); err != nil {
				return fmt.Errorf("publish %s: %w", table.Name, err)
			}
		}
		var baseline *string
		if p.Baseline != nil {
			baseline = &p.Baseline.Snapshot
		}
		if err := queries.MoveMark(ctx, warehousedb.MoveMarkParams{
			Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, Baseline: baseline,
		}); err != nil {
			return fmt.Errorf("move the mark: %w", err)
		}
		return queries.RecordPublication(ctx, warehousedb.RecordPublicationParams{
			RunID: p.RunID, Execution: int32(p.Execution), Content: p.Content,
			IntervalFrom: p.Interval.From.Time(), IntervalTo: p.Interval.To.Time(),
			Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, RowsPublished: done.Rows,
		})
	})
	if err != nil {
		return Published{}, err
	}
	return done, nil
}

func (p *Publication) publish(ctx context.Context, queries *warehousedb.Queries, table PublishedTable, done *Published) error {
	if !table.Facts {
		rows, err := queries.PublishWhole(ctx, warehousedb.PublishWholeParams{
			TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution),
			Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, Remove: !table.Upsert,
		})
		done.Rows += rows
		return err
	}
	var days []int32
	for _, span := range table.Days {
		for day := span.From; day < span.To; day++ {
			days = append(days, day.DateID())
		}
	}
	placed, err := queries.PublishDays(ctx, warehousedb.PublishDaysParams{
		TableName: table.Name, RunID: p.RunID, Execution: int32(p.Execution),
		Snapshot: p.Mark.Snapshot, SystemID: p.Mark.SystemID, Days: days,
	})
	done.Rows += placed.RowsPublished
	done.Days += placed.Days
	done.Kept += int64(len(days)) - placed.Days
	return err
}

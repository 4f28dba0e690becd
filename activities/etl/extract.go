package etl

import (
	"context"
	"fmt"
	"os"

	"go.temporal.io/sdk/activity"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/store/shopdb"
)

// Extract copies the shop to zone raw under one snapshot. A try that fails leaves parts that
// nothing refers to; the next opens a new snapshot.
func (a *Activities) Extract(ctx context.Context, step RunStep) ([]*Report, error) {
	whole := a.begin(ctx, step.Run, Extract, "")
	snapshot, err := a.extract(ctx, step.Run)
	if err == nil {
		err = a.Shop.FrozeRun(ctx, shopdb.FrozeRunParams{
			ID: step.Run.ID, Snapshot: snapshot.Mark.Snapshot, SystemID: &snapshot.Mark.SystemID,
		})
	}
	if err != nil {
		return nil, classify(err)
	}
	reports := []*Report{whole}
	for _, manifest := range snapshot.Tables {
		table := *whole
		table.Table = manifest.Table
		table.RowsIn, table.RowsOut = manifest.Control.Rows, lake.Total(manifest.Parts).Rows
		table.Bytes = manifest.Bytes()
		whole.RowsIn += table.RowsIn
		whole.RowsOut += table.RowsOut
		whole.Bytes += table.Bytes
		reports = append(reports, &table)
	}
	whole.Note = fmt.Sprintf("%d tables, %d rows, %d bytes", len(snapshot.Tables), whole.RowsOut, whole.Bytes)
	if snapshot.Drift != nil {
		whole.Note += fmt.Sprintf("; new columns carried: %s", snapshot.Drift)
	}
	for _, report := range reports {
		if _, err := a.end(ctx, step.Run, report, nil); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

func (a *Activities) extract(ctx context.Context, run Run) (*lake.Snapshot, error) {
	say, stop := beat(ctx)
	defer stop()
	baseline, err := a.Warehouse.Baseline(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	extractor := extract.Extractor{Pool: a.Shop.Pool, Store: a.Store, Scratch: a.Scratch}
	return extractor.Run(ctx, extract.Request{
		RunID: run.ID.String(), Interval: run.Interval, Baseline: baseline, Try: int(activity.GetInfo(ctx).Attempt),
	}, func(table string, rows int64, done, all int) {
		say(fmt.Sprintf("%d of %d copies done, %s at %d rows", done, all, table, rows))
	})
}

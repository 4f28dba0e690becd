package etl

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/store/shopdb"
)

// Extract copies the shop to zone raw under one snapshot. A try that fails leaves parts that
// nothing refers to; the next opens a new snapshot.
func (a *Activities) Extract(ctx context.Context, step RunStep) ([]*Report, error) {
	whole := a.begin(ctx, step.Run, Extract, "")
	times := &copyTimes{of: map[string]*Report{}}
	snapshot, err := a.extract(ctx, step.Run, times)
	if err == nil {
		err = a.froze(ctx, step.Run, snapshot)
	}
	if err != nil {
		_, err = a.end(ctx, step.Run, whole, err)
		return nil, err
	}
	reports := []*Report{whole}
	for _, manifest := range snapshot.Tables {
		table := times.report(manifest.Table, whole)
		table.RowsIn, table.RowsOut = manifest.Control.Rows, lake.Total(manifest.Parts).Rows
		table.Bytes = manifest.Bytes()
		whole.RowsIn += table.RowsIn
		whole.RowsOut += table.RowsOut
		whole.Bytes += table.Bytes
		reports = append(reports, table)
	}
	whole.Note = fmt.Sprintf("%d tables, %d rows, %d bytes", len(snapshot.Tables), whole.RowsOut, whole.Bytes)
	if snapshot.Drift != nil {
		whole.Note += fmt.Sprintf("; new columns carried: %s", snapshot.Drift)
	}
	for _, table := range reports[1:] {
		a.report(ctx, step.Run, table)
	}
	_, err = a.end(ctx, step.Run, whole, nil)
	return reports, err
}

// froze records what was read, and of which days.
func (a *Activities) froze(ctx context.Context, run Run, snapshot *lake.Snapshot) error {
	days := map[string]string{} // as Postgres writes many ranges
	for subject, spans := range snapshot.Days {
		ranges := make([]string, len(spans))
		for i, span := range spans {
			ranges[i] = fmt.Sprintf("[%s,%s)", span.From, span.To)
		}
		days[subject] = "{" + strings.Join(ranges, ",") + "}"
	}
	text, err := json.Marshal(days)
	if err != nil {
		return err
	}
	return a.Shop.FrozeRun(ctx, shopdb.FrozeRunParams{
		ID: run.ID, Snapshot: snapshot.Mark.Snapshot, SystemID: &snapshot.Mark.SystemID, ExtractedAt: snapshot.ExtractedAt, Days: text,
	})
}

// copyTimes notes when the first copy of each table began and when the last ended.
type copyTimes struct {
	mu sync.Mutex
	of map[string]*Report
}

func (c *copyTimes) progress(table string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UTC()
	if c.of[table] == nil {
		c.of[table] = &Report{StartedAt: now}
	}
	c.of[table].FinishedAt = now
}

// report is that of a table that was copied. What an earlier try has copied took this one no time.
func (c *copyTimes) report(table string, whole *Report) *Report {
	report := c.of[table]
	if report == nil {
		report = &Report{StartedAt: whole.StartedAt, FinishedAt: whole.StartedAt}
	}
	report.Step, report.Table, report.State, report.Tries = Extract, table, Succeeded, whole.Tries
	return report
}

func (a *Activities) extract(ctx context.Context, run Run, times *copyTimes) (*lake.Snapshot, error) {
	say, stop := beat(ctx)
	defer stop()
	baseline, err := a.Warehouse.Baseline(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	say("waits for a connection to the shop")
	extractor := extract.Extractor{Pool: a.Copies.Pool, Store: a.Store, Scratch: a.Scratch}
	return extractor.Run(ctx, extract.Request{
		RunID: run.ID.String(), Interval: run.Interval, Baseline: baseline, Try: int(activity.GetInfo(ctx).Attempt),
		Parameters: a.Parameters,
	}, func(table string, rows int64, done, all int) {
		times.progress(table)
		say(fmt.Sprintf("%d of %d copies done, %s at %d rows", done, all, table, rows))
	})
}

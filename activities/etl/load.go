package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
)

// Stage loads a table of zone gold into its staging table.
func (a *Activities) Stage(ctx context.Context, step TableStep) (*Report, error) {
	report := a.begin(ctx, step.Run, Stage, step.Table)
	say, stop := beat(ctx)
	defer stop()
	err := a.stage(ctx, step, report, say)
	return a.end(ctx, step.Run, report, err)
}

func (a *Activities) stage(ctx context.Context, step TableStep, report *Report, say func(string)) (err error) {
	manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, model.Table{Zone: lake.Gold, Name: step.Table}))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.Scratch, 0o700); err != nil {
		return fmt.Errorf("scratch folder: %w", err)
	}
	folder, err := os.MkdirTemp(a.Scratch, "stage-"+step.Table+"-")
	if err != nil {
		return fmt.Errorf("scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	say("downloading")
	files, err := download(ctx, a.Store, manifest.Zone, manifest.Parts, filepath.Join(folder, "in"))
	if err != nil {
		return err
	}
	report.RowsIn = lake.Total(manifest.Parts).Rows
	report.Bytes = manifest.Bytes()
	report.RowsOut, err = a.Warehouse.Stage(ctx, step.Table, step.Run.ID, step.Run.Execution, files, func(rows int64) {
		say(fmt.Sprintf("%d rows loaded", rows))
	})
	report.Note = fmt.Sprintf("%d rows loaded", report.RowsOut)
	return err
}

// Reconcile compares rows, units and cents through every zone, from the control totals to
// staging, and stops the run when there are differences. What is staged and right is recorded for
// the publish to compare with.
func (a *Activities) Reconcile(ctx context.Context, step RunStep) (*Report, error) {
	report := a.begin(ctx, step.Run, Reconcile, "")
	_, stop := beat(ctx)
	defer stop()
	evidence, err := a.evidence(ctx, step)
	if err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	for _, totals := range evidence.Gold {
		report.RowsIn += totals.Rows
	}
	for _, staged := range evidence.Staging {
		report.RowsOut += staged.Total().Rows
	}
	compared, err := warehouse.Reconcile(*evidence)
	if err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	report.Note = fmt.Sprintf("%d totals are equal", compared)
	for table, staged := range evidence.Staging {
		if err := a.Warehouse.Reconciled(ctx, table, step.Run.ID, step.Run.Execution, staged); err != nil {
			return a.end(ctx, step.Run, report, err)
		}
	}
	return a.end(ctx, step.Run, report, nil)
}

func (a *Activities) evidence(ctx context.Context, step RunStep) (*warehouse.Evidence, error) {
	snapshot, err := a.Store.Snapshot(ctx, step.Run.ID.String())
	if err != nil {
		return nil, err
	}
	evidence := &warehouse.Evidence{
		Control: map[string]lake.Totals{}, Raw: map[string]lake.Totals{}, Clean: map[string]lake.Totals{},
		Quarantine: map[string]lake.Totals{}, Work: map[string]lake.Totals{}, Gold: map[string]lake.Totals{},
		Staging: map[string]warehouse.DayTotals{},
	}
	for _, manifest := range snapshot.Tables {
		evidence.Control[manifest.Table] = *manifest.Control
		evidence.Raw[manifest.Table] = lake.Total(manifest.Parts)
	}
	zones := map[lake.Zone]map[string]lake.Totals{
		lake.Clean: evidence.Clean, lake.Work: evidence.Work, lake.Gold: evidence.Gold,
	}
	for zone, totals := range zones {
		for _, m := range a.Models.Zone(zone) {
			manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, m.Table))
			if err != nil {
				return nil, err
			}
			totals[m.Name] = lake.Total(manifest.Parts)
			if zone == lake.Clean {
				evidence.Quarantine[m.Name] = lake.Total(manifest.Quarantine)
			}
		}
	}
	for _, m := range a.Models.Zone(lake.Gold) {
		staged, err := a.Warehouse.Staged(ctx, m.Name, step.Run.ID, step.Run.Execution, m.Totals, m.Subject != "")
		if err != nil {
			return nil, err
		}
		evidence.Staging[m.Name] = staged
	}
	return evidence, nil
}

// Publish puts all staged tables in place in one transaction, unless an earlier execution of the
// run has published the same and it stands.
func (a *Activities) Publish(ctx context.Context, step RunStep) (*Report, error) {
	report := a.begin(ctx, step.Run, Publish, "")
	_, stop := beat(ctx)
	defer stop()
	if err := a.current(ctx, step.Run); err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	publication, err := a.publication(ctx, step)
	if err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	done, err := a.Warehouse.Publish(ctx, *publication)
	report.RowsOut = done.Rows
	report.Note = fmt.Sprintf("%d rows, %d days of facts", done.Rows, done.Days)
	if done.Kept > 0 {
		report.Note += fmt.Sprintf("; %d days are newer in the warehouse and stay", done.Kept)
	}
	if done.Already {
		report.State = Skipped
		report.Note = fmt.Sprintf("nothing changed since this run was published: %d rows, %d days of facts", done.Rows, done.Days)
	}
	return a.end(ctx, step.Run, report, err)
}

func (a *Activities) publication(ctx context.Context, step RunStep) (*warehouse.Publication, error) {
	snapshot, err := a.Store.Snapshot(ctx, step.Run.ID.String())
	if err != nil {
		return nil, err
	}
	publication := &warehouse.Publication{
		RunID: step.Run.ID, Execution: step.Run.Execution, Interval: snapshot.Interval,
		Mark: snapshot.Mark, Baseline: snapshot.Baseline,
	}
	if len(a.Models.Published()) > 0 {
		history, err := a.Store.History(ctx, step.Run.ID.String(), step.Executions[model.Published])
		if err != nil {
			return nil, err
		}
		publication.History = versionsRead(history)
	}
	for _, m := range a.Models.Zone(lake.Gold) {
		manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, m.Table))
		if err != nil {
			return nil, err
		}
		publication.Tables = append(publication.Tables, warehouse.PublishedTable{
			Name: m.Name, Content: manifest.ContentDigest(), Facts: m.Subject != "", Days: snapshot.Days[m.Subject], Upsert: m.Upsert,
			AsOf: m.AsOf, Reads: a.Models.ReadsPublished(m),
		})
	}
	return publication, nil
}

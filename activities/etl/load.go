package etl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
	"mercado/internal/warehouse/warehousedb"
)

// Stage loads a table of zone gold into its staging table, unless the warehouse has it already.
func (a *Activities) Stage(ctx context.Context, step TableStep) (*Report, error) {
	report := a.begin(ctx, step.Run, Stage, step.Table)
	say, stop := beat(ctx)
	defer stop()
	stands, err := a.standing(ctx, step)
	switch {
	case err != nil:
	case stands:
		report.State, report.Note = Skipped, "the warehouse has it as it is"
	default:
		err = a.stage(ctx, step, report, say)
	}
	return a.end(ctx, step.Run, report, err)
}

// standing tells whether the warehouse has the table as the run has made it.
func (a *Activities) standing(ctx context.Context, step TableStep) (bool, error) {
	if step.Recompute {
		return false, nil
	}
	m, err := a.model(lake.Gold, step.Table)
	if err != nil {
		return false, err
	}
	manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, m.Table))
	if err != nil {
		return false, err
	}
	snapshot, err := a.Store.Snapshot(ctx, step.Run.ID.String())
	if err != nil {
		return false, err
	}
	return a.Warehouse.Stands(ctx, step.Run.ID, snapshot.Mark, a.publishedTable(m, manifest, snapshot), lake.Total(manifest.Parts))
}

func (a *Activities) stage(ctx context.Context, step TableStep, report *Report, say func(string)) (err error) {
	manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, model.Table{Zone: lake.Gold, Name: step.Table}))
	if err != nil {
		return err
	}
	folder, remove, err := a.scratchFolder("stage-" + step.Table + "-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
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
	evidence, unstaged, err := a.evidence(ctx, step)
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
		if unstaged[table] {
			continue
		}
		if err := a.Warehouse.Reconciled(ctx, table, step.Run.ID, step.Run.Execution, staged); err != nil {
			return a.end(ctx, step.Run, report, err)
		}
	}
	return a.end(ctx, step.Run, report, nil)
}

// evidence also names the tables that were not staged, because they stand already with these totals.
func (a *Activities) evidence(ctx context.Context, step RunStep) (evidence *warehouse.Evidence, unstaged map[string]bool, err error) {
	snapshot, err := a.Store.Snapshot(ctx, step.Run.ID.String())
	if err != nil {
		return nil, nil, err
	}
	evidence = &warehouse.Evidence{
		Control: map[string]lake.Totals{}, Raw: map[string]lake.Totals{}, Clean: map[string]lake.Totals{},
		Quarantine: map[string]lake.Totals{}, Work: map[string]lake.Totals{}, Gold: map[string]lake.Totals{},
		Made: map[lake.Zone]map[string]lake.Totals{}, Staging: map[string]warehouse.DayTotals{},
	}
	for _, manifest := range snapshot.Tables {
		evidence.Control[manifest.Table] = *manifest.Control
		evidence.Raw[manifest.Table] = lake.Total(manifest.Parts)
	}
	zones := map[lake.Zone]map[string]lake.Totals{
		lake.Clean: evidence.Clean, lake.Work: evidence.Work, lake.Gold: evidence.Gold,
	}
	for zone, totals := range zones {
		evidence.Made[zone] = map[string]lake.Totals{}
		for _, m := range a.models(zone, step.Run) {
			manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, m.Table))
			if err != nil {
				return nil, nil, err
			}
			totals[m.Name] = lake.Total(manifest.Parts)
			if manifest.Control != nil {
				evidence.Made[zone][m.Name] = *manifest.Control
			}
			if zone == lake.Clean {
				evidence.Quarantine[m.Name] = lake.Total(manifest.Quarantine)
			}
		}
	}
	unstaged = map[string]bool{}
	for _, m := range a.models(lake.Gold, step.Run) {
		is, err := a.Warehouse.IsStaged(ctx, warehousedb.IsStagedParams{TableName: m.Name, RunID: step.Run.ID, Execution: int32(step.Run.Execution)})
		if err != nil {
			return nil, nil, fmt.Errorf("look whether %s is staged: %w", m.Name, err)
		}
		if !is {
			unstaged[m.Name] = true
			evidence.Staging[m.Name] = warehouse.DayTotals{0: evidence.Gold[m.Name]}
			continue
		}
		staged, err := a.Warehouse.Staged(ctx, m.Name, step.Run.ID, step.Run.Execution, m.Totals, m.Subject != "")
		if err != nil {
			return nil, nil, err
		}
		evidence.Staging[m.Name] = staged
	}
	return evidence, unstaged, nil
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
	if report.Unshown = unshown(done.Stay); report.Unshown != "" {
		report.Note += "; " + report.Unshown
	}
	return a.end(ctx, step.Run, report, err)
}

// unshown tells of the tables that stay as of the day they show, "" for none.
func unshown(stay []warehouse.Staying) string {
	days := map[lake.Day][]string{}
	for _, table := range stay {
		days[table.Shows] = append(days[table.Shows], table.Table)
	}
	var told []string
	for _, day := range slices.Sorted(maps.Keys(days)) {
		told = append(told, fmt.Sprintf("%s stay as of %s, without what this load has changed: load that day again and they follow (mercado etl run --from %s)",
			strings.Join(days[day], ", "), day, day))
	}
	return strings.Join(told, "; ")
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
	reads := func(m *model.Model) bool { return len(a.Models.ReadsPublished(m)) > 0 }
	if slices.ContainsFunc(a.models(lake.Gold, step.Run), reads) {
		history, err := a.Store.History(ctx, step.Run.ID.String(), step.Executions[model.Published])
		if err != nil {
			return nil, err
		}
		publication.History = versionsRead(history)
	}
	for _, m := range a.models(lake.Gold, step.Run) {
		manifest, err := a.Store.Manifest(ctx, output(step.Run, step.Executions, m.Table))
		if err != nil {
			return nil, err
		}
		publication.Tables = append(publication.Tables, a.publishedTable(m, manifest, snapshot))
	}
	return publication, nil
}

func (a *Activities) publishedTable(m *model.Model, manifest *lake.Manifest, snapshot *lake.Snapshot) warehouse.PublishedTable {
	return warehouse.PublishedTable{
		Name: m.Name, Content: manifest.ContentDigest(), Facts: m.Subject != "", Days: snapshot.Days[m.Subject], Upsert: m.Upsert,
		AsOf: m.AsOf, Reads: a.Models.ReadsPublished(m),
	}
}

package etl

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
)

// history is what the execution reads of what others have published. The first who asks freezes it.
func (a *Activities) history(ctx context.Context, run Run, executions map[lake.Zone]int) (*lake.History, error) {
	id, execution := run.ID.String(), executions[model.Published]
	if execution != run.Execution {
		return a.Store.History(ctx, id, execution)
	}
	if frozen, err := a.Store.FrozenHistory(ctx, id, execution); err != nil || frozen != nil {
		return frozen, err
	}
	snapshot, err := a.Store.Snapshot(ctx, id)
	if err != nil {
		return nil, err
	}
	history := &lake.History{RunID: id, Execution: execution, Before: snapshot.Interval.To}
	standing, err := a.Warehouse.History(ctx, a.historyTables(snapshot), history.Before, snapshot.Mark)
	if err != nil {
		return nil, err
	}
	for _, m := range a.Models.Published() {
		table, err := a.sources(ctx, run, m, standing[m.Name])
		if err != nil {
			return nil, err
		}
		history.Tables = append(history.Tables, table)
	}
	return a.Store.FreezeHistory(ctx, history)
}

// historyTables are the tables that models read as published, each with the run's own days.
func (a *Activities) historyTables(snapshot *lake.Snapshot) []warehouse.HistoryTable {
	var tables []warehouse.HistoryTable
	for _, m := range a.Models.Published() {
		tables = append(tables, warehouse.HistoryTable{Name: m.Name, Own: snapshot.Days[m.Subject]})
	}
	return tables
}

// sources are the parts of zone gold in which what stands of a table lies.
func (a *Activities) sources(ctx context.Context, run Run, m *model.Model, standing []warehouse.Standing) (lake.HistoryTable, error) {
	table := lake.HistoryTable{Table: m.Name}
	at := map[lake.Output]int{}
	for _, version := range standing {
		if version.RunID == run.ID && m.Subject == "" {
			// The run itself has published it: what stood before, an earlier execution has read.
			return a.predecessor(ctx, run, m)
		}
		output := lake.Output{Zone: lake.Gold, Table: m.Name, RunID: version.RunID.String(), Execution: version.Execution}
		i, known := at[output]
		if !known {
			i = len(table.Sources)
			at[output] = i
			table.Sources = append(table.Sources, lake.HistorySource{
				RunID: output.RunID, Execution: output.Execution, Content: version.Content,
			})
		}
		if m.Subject != "" {
			source := &table.Sources[i]
			source.Days = lake.Join(append(source.Days, lake.Span{From: version.Day, To: version.Day + 1})...)
		}
	}
	for i := range table.Sources {
		source := &table.Sources[i]
		manifest, err := a.Store.Manifest(ctx, lake.Output{Zone: lake.Gold, Table: m.Name, RunID: source.RunID, Execution: source.Execution})
		if err != nil {
			return table, err
		}
		if source.Parts, err = partsOf(m, manifest, source.Days); err != nil {
			return table, err
		}
	}
	return table, nil
}

// partsOf are the parts that hold the days of a table of facts, or all of a table written whole.
func partsOf(m *model.Model, manifest *lake.Manifest, days []lake.Span) (parts []lake.HistoryPart, err error) {
	if m.Subject != "" {
		return lake.Choose(manifest.Parts, days)
	}
	for _, part := range manifest.Parts {
		parts = append(parts, lake.HistoryPart{Part: part})
	}
	return parts, nil
}

// predecessor is what the last earlier execution that froze its history has read of a table
// written whole.
func (a *Activities) predecessor(ctx context.Context, run Run, m *model.Model) (lake.HistoryTable, error) {
	execution, err := a.lastHistory(ctx, run, m.Name)
	if err != nil || execution == 0 {
		return lake.HistoryTable{Table: m.Name}, err
	}
	history, err := a.Store.History(ctx, run.ID.String(), execution)
	if err != nil {
		return lake.HistoryTable{}, err
	}
	table, _ := history.Table(m.Name)
	return table, nil
}

// lastHistory is the last execution before this one that froze its history with these tables, 0 for none.
func (a *Activities) lastHistory(ctx context.Context, run Run, tables ...string) (int, error) {
	for execution := run.Execution - 1; execution > 0; execution-- {
		history, err := a.Store.FrozenHistory(ctx, run.ID.String(), execution)
		if err != nil {
			return 0, err
		}
		if history == nil {
			continue
		}
		has := 0
		for _, table := range tables {
			if _, frozen := history.Table(table); frozen {
				has++
			}
		}
		if has == len(tables) {
			return execution, nil
		}
	}
	return 0, nil
}

// published is a table as it will stand once the run is published: what the history has of it and,
// of facts, the run's own days.
func (t *transforming) published(ctx context.Context, snapshot *lake.Snapshot, table model.Table) ([]source, error) {
	history, err := t.history(ctx, t.step.Run, t.step.Executions)
	if err != nil {
		return nil, err
	}
	m, err := t.Activities.model(lake.Gold, table.Name)
	if err != nil {
		return nil, err
	}
	frozen, _ := history.Table(table.Name)
	others := source{
		table: table, zone: lake.Gold, parts: frozen.Parts(), digest: frozen.ContentDigest(),
		input: lake.Input{
			Output: lake.Output{Zone: model.Published, Table: table.Name, RunID: history.RunID, Execution: history.Execution},
			SHA256: frozen.ContentDigest(),
		},
	}
	if m.Subject == "" {
		return []source{others}, nil
	}
	manifest, err := t.Store.Manifest(ctx, output(t.step.Run, t.step.Executions, m.Table))
	if err != nil {
		return nil, err
	}
	var taken []lake.Span // days that a newer snapshot has published, and those from the end of the interval on
	for _, source := range frozen.Sources {
		taken = append(taken, source.Days...)
	}
	days := lake.Without(snapshot.Days[m.Subject], append(taken, lake.Span{From: history.Before, To: lake.LastDay}))
	own := sourceOf(manifest)
	own.table = table
	if own.parts, err = lake.Choose(manifest.Parts, days); err != nil {
		return nil, err
	}
	// What is read of it, not all there is: others may have taken a day of it without a row of their own.
	own.digest = lake.PartsDigest(own.parts)
	if len(own.parts)+len(others.parts) == 0 {
		// A file without rows that count still says what columns there are.
		own.parts = []lake.HistoryPart{{Part: manifest.Parts[0], Days: []lake.Span{{}}}}
	}
	return []source{own, others}, nil
}

// versionsRead are the versions that the history was read from, in the order of their days.
func versionsRead(history *lake.History) map[string][]warehouse.Standing {
	read := map[string][]warehouse.Standing{}
	for _, table := range history.Tables {
		versions := []warehouse.Standing{}
		for _, source := range table.Sources {
			version := warehouse.Standing{RunID: uuid.MustParse(source.RunID), Execution: source.Execution, Content: source.Content}
			if len(source.Days) == 0 {
				versions = append(versions, version)
			}
			for _, span := range source.Days {
				for version.Day = span.From; version.Day < span.To; version.Day++ {
					versions = append(versions, version)
				}
			}
		}
		slices.SortFunc(versions, func(a, b warehouse.Standing) int { return cmp.Compare(a.Day, b.Day) })
		read[table.Table] = versions
	}
	return read
}

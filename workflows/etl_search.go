package workflows

import (
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/temporal/search"
)

// attributes is what an execution is found by before it begins.
func (i ETLInput) attributes() temporal.SearchAttributes {
	return temporal.NewSearchAttributes(append(interval(i.Run.Interval),
		search.RunID.ValueSet(i.Run.ID.String()), search.Trigger.ValueSet(i.Trigger), search.Step.ValueSet("begin"))...)
}

// interval is the time of the days: from the start of the first to the end of the last.
func interval(days lake.Span) []temporal.SearchAttributeUpdate {
	return []temporal.SearchAttributeUpdate{search.From.ValueSet(days.From.Time()), search.To.ValueSet(days.To.Time())}
}

// at tells an operator which step the run has come to.
func (e *dailyETL) at(ctx workflow.Context, step etl.Step) {
	e.details(ctx, "now: "+string(step))
	note(ctx, search.Step.ValueSet(string(step)))
}

// noteFailed has the run found by the tables that have failed.
func (e *dailyETL) noteFailed(ctx workflow.Context) {
	var tables []string
	for _, report := range e.reports {
		if report.State == etl.Failed && report.Table != "" && !slices.Contains(tables, report.Table) {
			tables = append(tables, report.Table)
		}
	}
	if len(tables) > 0 {
		note(ctx, search.FailedTables.ValueSet(tables))
	}
}

// note has the workflow found by what is so now.
func note(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) {
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("cannot be found by its search attributes", "error", err) // a run is worth more
	}
}

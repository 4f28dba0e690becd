package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/runs"
)

// etlQuarantine serves the rows that broke a rule.
func (a *API) etlQuarantine() {
	register(a, operation{
		id: "list-quarantine", method: http.MethodGet, path: "/api/etl/quarantine",
		summary: "List rows that broke a rule and stayed out of the warehouse", tag: "etl",
		about: "Newest run first, of loads that stand: of a table copied whole the last load that was published, of a table of days each day's last that " +
			"was. So a row that was corrected is gone once a load has taken it. `all_runs` adds loads that later ones have replaced, that failed or " +
			"were rolled back; a run that is named by `run` is shown whether it stands or not. Correct the row in the shop, and the next run has it; or " +
			"correct the rule, and replay the run from clean. What is personal is shown to whoever may read customers.",
		permission: auth.ReadQuarantine, problems: []code{invalidCursor},
	}, a.listQuarantine)
}

type quarantineInput struct {
	Page
	Run   optional[uuid.UUID] `query:"run" doc:"Of this run."`
	Table optional[string]    `query:"table" maxLength:"64" doc:"Of this table of zone clean."`
	Rule  optional[string]    `query:"rule" maxLength:"64" doc:"That broke this rule."`
	Day   optional[date]      `query:"day" doc:"Of runs that load this UTC day."`

	AllRuns bool `query:"all_runs" doc:"Of all loads, and not of those alone that stand."`
}

type quarantineOutput struct {
	Body List[runs.QuarantinedRow]
}

func (a *API) listQuarantine(ctx context.Context, in *quarantineInput) (*quarantineOutput, error) {
	filter := runs.QuarantineFilter{
		Run: in.Run.value(), Table: in.Table.value(), Rule: in.Rule.value(), Day: in.Day.value().time(),
		AllRuns: in.AllRuns, Most: int(in.fetch()),
	}
	if err := in.after(&filter.After); err != nil {
		return nil, err
	}
	found, err := a.quarantine.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	if !principalOf(ctx).May(auth.ReadCustomers) {
		for i := range found {
			a.quarantine.HidePersonal(&found[i])
		}
	}
	show := func(row runs.QuarantinedRow) runs.QuarantinedRow { return row }
	return &quarantineOutput{paged(in.Page, found, show, func(row runs.QuarantinedRow) any { return row.Key })}, nil
}

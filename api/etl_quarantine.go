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
		about: "Of each run what its last clean has put there, newest run first. Correct the row in the shop, and the next run has it; or " +
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
}

type quarantineOutput struct {
	Body List[runs.QuarantinedRow]
}

func (a *API) listQuarantine(ctx context.Context, in *quarantineInput) (*quarantineOutput, error) {
	filter := runs.QuarantineFilter{
		Run: in.Run.value(), Table: in.Table.value(), Rule: in.Rule.value(), Day: in.Day.value().time(), Most: int(in.fetch()),
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

package api

import (
	"context"
	"net/http"

	"mercado/internal/auth"
	"mercado/internal/store"
)

// etlMaintenance serves what loads may wait for.
func (a *API) etlMaintenance() {
	register(a, operation{
		id: "list-maintenance", method: http.MethodGet, path: "/api/etl/maintenance",
		summary: "List the work on what loads have left behind that is under way", tag: "etl",
		about: "The erasure of a customer, which keeps loads, replays and rollbacks waiting, and the removal of old files. There is one at a time: " +
			"the list is empty, or has one item. `waits_for` of a load names what it waits for as kind and subject: `erasure of customer 7`.",
		permission: auth.ReadRuns,
	}, a.listMaintenance)
}

// ETLMaintenance is maintenance that is under way.
type ETLMaintenance struct {
	store.MaintenanceUnderWay
	Links maintenanceLinks `json:"links"`
}

type maintenanceLinks struct {
	Workflow string `json:"workflow" doc:"Its history in the Temporal UI."`
}

type maintenanceOutput struct {
	Body List[ETLMaintenance]
}

func (a *API) listMaintenance(ctx context.Context, _ *struct{}) (*maintenanceOutput, error) {
	underWay, err := a.DB.MaintenanceUnderWay(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]ETLMaintenance, len(underWay))
	for i, m := range underWay {
		items[i] = ETLMaintenance{m, maintenanceLinks{a.historyOf(m.WorkflowID)}}
	}
	return &maintenanceOutput{List[ETLMaintenance]{Items: items}}, nil
}

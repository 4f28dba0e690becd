package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/docs/data"
	"mercado/internal/auth"
	"mercado/internal/lake/catalogue"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

const datasetsPath = "/api/lake/datasets"

// lakeDatasets serves the data catalogue.
func (a *API) lakeDatasets() {
	register(a, operation{
		id: "list-datasets", method: http.MethodGet, path: datasetsPath,
		summary: "List the tables of the lake and the warehouse", tag: "lake",
		about: "What `docs/data` shows, with what the last load of each has made. How many rows stand in a table of the warehouse " +
			"is not told: the API has no access to it.",
		permission: auth.ReadCatalogue, problems: []code{invalidCursor},
	}, a.listDatasets)
	register(a, operation{
		id: "get-dataset", method: http.MethodGet, path: datasetsPath + "/{name}",
		summary: "Show a table: its columns, its checks, and what it is made from", tag: "lake",
		permission: auth.ReadCatalogue, problems: []code{notFound},
	}, a.getDataset)
}

// Dataset is a table of the catalogue, and its last load that stands.
type Dataset struct {
	catalogue.Table
	Last  *datasetLoad `json:"last_load,omitempty" doc:"Of the loads that were published, and are not rolled back, the last that made the table, whatever a replay does now. Absent where there is none."`
	Links datasetLinks `json:"links"`
}

type datasetLinks struct {
	Self string `json:"self"`
}

// datasetLoad is what the last load that made a table has done.
type datasetLoad struct {
	RunID    uuid.UUID         `json:"run_id"`
	Interval store.RunInterval `json:"interval" doc:"The UTC days of the run."`
	Rows     int64             `json:"rows" doc:"That the load made. Of facts those of its days, and of other days that had changed: days of other loads stand beside them, so it is not how many the table has."`
	Rejected int64             `json:"rows_rejected" doc:"That went to quarantine."`
	Bytes    int64             `json:"bytes"`
	At       time.Time         `json:"finished_at" doc:"How fresh it is."`
	Quality  string            `json:"quality" doc:"What the step noted: warnings and rules that were broken among it."`
}

// described is the catalogue that is part of the program.
var described = func() catalogue.Catalogue {
	var c catalogue.Catalogue
	if err := json.Unmarshal(data.Catalogue, &c); err != nil {
		panic(err) // it is part of the program, and tested
	}
	return c
}()

type datasetsInput struct {
	Page
	Zone optional[string] `query:"zone" enum:"raw,clean,work,gold,warehouse"`
}

type datasetsOutput struct {
	Body List[Dataset]
}

func (a *API) listDatasets(ctx context.Context, in *datasetsInput) (*datasetsOutput, error) {
	var after string
	if err := in.after(&after); err != nil {
		return nil, err
	}
	loads, err := a.lastLoads(ctx)
	if err != nil {
		return nil, err
	}
	var rows []*catalogue.Table
	begun := after == ""
	for _, table := range described.Tables {
		if zone := in.Zone.value(); begun && (zone == nil || string(table.Zone) == *zone) && len(rows) < int(in.fetch()) {
			rows = append(rows, table)
		}
		begun = begun || table.Name == after
	}
	if !begun {
		return nil, problem(invalidCursor)
	}
	show := func(table *catalogue.Table) Dataset { return datasetOf(table, loads) }
	return &datasetsOutput{paged(in.Page, rows, show, func(table *catalogue.Table) any { return table.Name })}, nil
}

type datasetByName struct {
	Name string `path:"name" maxLength:"128" doc:"As zone.table."`
}

type datasetOutput struct {
	Body Dataset
}

func (a *API) getDataset(ctx context.Context, in *datasetByName) (*datasetOutput, error) {
	table := described.Find(in.Name)
	if table == nil {
		return nil, problem(notFound)
	}
	loads, err := a.lastLoads(ctx)
	if err != nil {
		return nil, err
	}
	return &datasetOutput{datasetOf(table, loads)}, nil
}

func datasetOf(table *catalogue.Table, loads map[string]*datasetLoad) Dataset {
	return Dataset{Table: *table, Last: loads[table.Name], Links: datasetLinks{Self: datasetsPath + "/" + table.Name}}
}

// lastLoads are the latest of each table, by its name.
func (a *API) lastLoads(ctx context.Context) (map[string]*datasetLoad, error) {
	steps, err := a.DB.LastLoads(ctx)
	if err != nil {
		return nil, err
	}
	loads := map[string]*datasetLoad{}
	for _, step := range steps {
		loads[string(catalogue.ZoneOfStep[step.Step])+"."+step.TableName] = loadOf(step)
	}
	return loads, nil
}

func loadOf(step shopdb.LastLoadsRow) *datasetLoad {
	return &datasetLoad{
		RunID:    step.RunID,
		Interval: store.RunInterval{From: step.IntervalFrom.Format(time.DateOnly), To: step.IntervalTo.Format(time.DateOnly)},
		Rows:     step.RowsOut,
		Rejected: step.RowsRejected, Bytes: step.Bytes, At: step.FinishedAt.UTC(), Quality: step.Note,
	}
}

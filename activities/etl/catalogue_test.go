package etl_test

import (
	"net/http"
	"slices"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/lake"
)

// catalogued looks tables up in the catalogue, with what the load has made of them.
func (p *pipeline) catalogued(shop *apitest.Shop, run string) {
	t := p.t
	analyst := shop.As(auth.Principal{Roles: []auth.Role{auth.BIAnalyst}})
	type load struct {
		RunID    string `json:"run_id"`
		Rows     int64  `json:"rows"`
		Rejected int64  `json:"rows_rejected"`
	}
	type dataset struct {
		Name     string
		Upstream []string
		Columns  []struct {
			Name, Type string
			From       []string
		}
		Last *load `json:"last_load"`
	}
	find := func(name string) dataset {
		return apitest.Decode[dataset](analyst.Get("/api/lake/datasets/" + name).Want(http.StatusOK))
	}
	sales := find("warehouse.sales")
	if sales.Last == nil || sales.Last.RunID != run || sales.Last.Rows == 0 || sales.Upstream[0] != "gold.sales" {
		t.Errorf("the catalogue has of sales %+v", sales)
	}
	if customers := find("clean.customers"); customers.Last == nil || customers.Last.Rejected != 2 || customers.Last.Rows != 18 {
		t.Errorf("the catalogue has of customers %+v", customers.Last)
	}
	var names []string
	for cursor := ""; ; {
		page := apitest.Decode[struct {
			Items      []dataset
			NextCursor *string `json:"next_cursor"`
		}](analyst.Get("/api/lake/datasets?zone=gold&limit=7" + cursor).Want(http.StatusOK))
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	if len(names) != len(p.Models.Zone(lake.Gold)) || !slices.IsSorted(names) {
		t.Errorf("the catalogue lists %s in gold", names)
	}
	analyst.Get("/api/lake/datasets/gold.lunch").WantProblem(http.StatusNotFound, "not_found")
}

// lastLoad is what the catalogue has of the last load of a table.
type lastLoad struct {
	RunID string `json:"run_id"`
	Rows  int64  `json:"rows"`
	At    string `json:"finished_at"`
}

// lastLoadOf is nil when none stands.
func lastLoadOf(client *apitest.Client, table string) *lastLoad {
	return apitest.Decode[struct {
		Last *lastLoad `json:"last_load"`
	}](client.Get("/api/lake/datasets/" + table).Want(http.StatusOK)).Last
}

// cataloguedDuringAReplay looks tables up while the run is done again, and when that has ended before it published: what
// stands is what the run itself has made.
func (p *pipeline) cataloguedDuringAReplay(engineer *apitest.Client, run string) {
	t := p.t
	tables := []string{"raw.orders", "gold.sales", "warehouse.sales"}
	before := map[string]lastLoad{}
	for _, table := range tables {
		load := lastLoadOf(engineer, table)
		if load == nil || load.RunID != run || load.Rows == 0 {
			t.Fatalf("the last load of %s is %+v", table, load)
		}
		before[table] = *load
	}
	stands := func(when string) {
		t.Helper()
		for _, table := range tables {
			if load := lastLoadOf(engineer, table); load == nil || *load != before[table] {
				t.Errorf("%s, the last load of %s is %+v, want %+v", when, table, load, before[table])
			}
		}
	}
	release := p.hold()
	engineer.Post(etlRunsPath+"/"+run+"/replay", map[string]any{"from": "stage", "recompute": true}).Want(http.StatusAccepted)
	p.awaitHeld() // all other tables are staged once more
	stands("during a replay")
	engineer.Post(etlRunsPath+"/"+run+"/cancel", nil).Want(http.StatusAccepted)
	p.eventually("the replay is cancelled", func() bool { return runAt(engineer, run).State == "cancelled" })
	release()
	stands("after a replay that was cancelled")
}

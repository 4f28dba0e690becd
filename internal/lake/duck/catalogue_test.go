package duck_test

import (
	"slices"
	"strings"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/lake/catalogue"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
)

func describe(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	models, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := extract.Sources()
	if err != nil {
		t.Fatal(err)
	}
	describer, err := duck.New(engineSettings).NewDescriber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = describer.Close() })
	described, err := catalogue.Build(t.Context(), describer, sources, models)
	if err != nil {
		t.Fatal(err)
	}
	return described
}

// TestLineageOfColumns compares what the SQL gives with what was read out of it by hand.
func TestLineageOfColumns(t *testing.T) {
	t.Parallel()
	described := describe(t)
	for ref, want := range map[catalogue.Ref][]catalogue.Ref{
		"gold.sales.total_price":     {"raw.order_items.total_price"},
		"warehouse.sales.unit_cost":  {"raw.order_items.unit_cost"},
		"gold.sales.order_status":    {"raw.orders.status"},
		"gold.sales.date_id":         {"raw.orders.order_date"},
		"gold.sales.category_id":     {"raw.products.category_id"},
		"gold.customer.email":        {"raw.customers.email"},
		"work.customers.first_name":  {"raw.customers.first_name"},
		"clean.orders.delivered_at":  {"raw.orders.actual_delivery"},
		"clean.orders.discount_code": {"raw.orders.discount_code"},
		"gold.vendor.region":         {"raw.vendors.region"},
	} {
		if got := described.Origins(ref); !slices.Equal(got, want) {
			t.Errorf("%s is made from %s, want %s", ref, got, want)
		}
	}
}

func TestColumnTellsWhatIsMadeFromIt(t *testing.T) {
	t.Parallel()
	described := describe(t)
	for name, want := range map[string][]catalogue.Ref{
		"raw.customers.email":       {"clean.customers.email"},
		"raw.order_items.unit_cost": {"clean.order_items.unit_cost"},
		"gold.vendor.region":        {"warehouse.vendor.region"},
		"warehouse.vendor.region":   {},
		"clean.customers.email":     {"work.customers.email"},
	} {
		at := strings.LastIndexByte(name, '.')
		columns := described.Find(name[:at]).Columns
		i := slices.IndexFunc(columns, func(column catalogue.Column) bool { return column.Name == name[at+1:] })
		if i < 0 || !slices.Equal(columns[i].To, want) {
			t.Errorf("%s (column %d) does not go into %s", name, i, want)
		}
	}
}

func TestEveryColumnIsDescribed(t *testing.T) {
	t.Parallel()
	described := describe(t)
	without := 0
	for _, table := range described.Tables {
		if table.Description == "" || len(table.Columns) == 0 {
			t.Errorf("%s says nothing of itself", table.Name)
		}
		for _, upstream := range table.Upstream {
			if described.Find(upstream) == nil {
				t.Errorf("%s is made from %s, which nobody knows", table.Name, upstream)
			}
		}
		for _, column := range table.Columns {
			if column.Type == "" || column.Description == "" {
				t.Errorf("%s.%s: type %q, described as %q", table.Name, column.Name, column.Type, column.Description)
			}
			for _, ref := range column.From {
				if len(described.Origins(ref)) == 0 {
					without++
				}
			}
			if table.Zone != lake.Raw && len(column.From) == 0 {
				t.Logf("%s.%s is made from no column", table.Name, column.Name)
			}
		}
	}
	for name, personal := range map[string]bool{"email": true, "city": false} {
		for _, column := range described.Find("raw.customers").Columns {
			if column.Name == name && column.Personal != personal {
				t.Errorf("whether raw.customers.%s is personal: %v", name, column.Personal)
			}
		}
	}
	t.Logf("%d tables; %d columns come from no column of the shop", len(described.Tables), without)
}

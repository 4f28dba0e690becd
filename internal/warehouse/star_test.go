package warehouse_test

import (
	"slices"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// A column that only one of the two has would be lost on the way, or end the load.
func TestStarHasTheColumnsOfItsModels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range set.Zone(lake.Gold) {
		var want []string
		for _, column := range m.Columns {
			want = append(want, column.Name)
		}
		var columns, key []string
		const describe = `select array_agg(a.attname order by a.attnum),
				array_agg(a.attname order by a.attname) filter (where a.attnum = any(i.indkey))
			from pg_attribute as a
			inner join pg_index as i on i.indrelid = a.attrelid and i.indisprimary
			where a.attrelid = ('warehouse.' || $1)::regclass and a.attnum > 0`
		if err := b.Pool.QueryRow(t.Context(), describe, m.Name).Scan(&columns, &key); err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if !slices.Equal(columns, want) {
			t.Errorf("warehouse.%s has the columns %v, its model %v", m.Name, columns, want)
		}
		if want := slices.Sorted(slices.Values(m.Key)); !slices.Equal(key, want) {
			t.Errorf("the key of warehouse.%s is %v, of its model %v", m.Name, key, want)
		}
	}
}

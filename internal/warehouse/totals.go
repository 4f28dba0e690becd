package warehouse

import (
	"maps"
	"slices"

	"mercado/internal/lake"
)

// DayTotals are the totals of a table by day, as yyyymmdd, or under 0 of a table without days.
// Days without rows are left out.
type DayTotals map[int32]lake.Totals

// Total adds up the days.
func (d DayTotals) Total() lake.Totals {
	total := lake.Totals{Sums: map[string]int64{}}
	for _, day := range d {
		total.Add(day)
	}
	return total
}

// of these days only.
func (d DayTotals) of(days []int32) DayTotals {
	some := DayTotals{}
	for _, day := range days {
		if totals, has := d[day]; has {
			some[day] = totals
		}
	}
	return some
}

// columns that are summed.
func (d DayTotals) columns() []string { return sorted(d.Total().Sums) }

// compare what was reconciled with what was found in a place; a difference is a *ReconcileError.
func (d DayTotals) compare(table, place string, found DayTotals) error {
	both := maps.Clone(d)
	maps.Copy(both, found)
	r := &reconciling{}
	for _, day := range slices.Sorted(maps.Keys(both)) {
		r.day = day
		r.equal(table, "rows", "reconcile", place, d[day].Rows, found[day].Rows)
		for _, column := range sorted(both[day].Sums) {
			r.equal(table, column, "reconcile", place, d[day].Sums[column], found[day].Sums[column])
		}
	}
	return r.err()
}

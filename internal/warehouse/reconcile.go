package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"mercado/internal/lake"
)

// Evidence is what a run counted on the way: the totals of every table of every zone.
type Evidence struct {
	Control    map[string]lake.Totals // by raw table, counted by Postgres in the extract's snapshot
	Raw        map[string]lake.Totals
	Clean      map[string]lake.Totals
	Quarantine map[string]lake.Totals
	Work       map[string]lake.Totals
	Gold       map[string]lake.Totals
	Staging    map[string]DayTotals // by gold table
}

// flow follows one table of the shop through the zones. Rows are compared along the whole of
// it; the sums of a column from where its name changes under the new name.
type flow struct {
	Raw, Work, Gold string // tables; "" where the flow does not pass
	Sums            []flowSum
	RowsEnd         lake.Zone // rows are compared up to this zone: after it the grain changes
}

// flowSum follows a column whose sum must not change. Names are those of each zone, "" where the
// sum does not pass; a gold name "in-out" is a difference of two columns.
type flowSum struct{ Clean, Work, Gold string }

// flows is what a run must not lose on the way. Every table of zone raw is compared with its
// control totals and with zone clean, whether it stands here or not.
var flows = []flow{
	{Raw: "order_items", Work: "order_lines", Gold: "sales", RowsEnd: lake.Gold, Sums: []flowSum{
		{Clean: "qty", Work: "qty", Gold: "qty"},
		{Clean: "discount_amount", Work: "discount", Gold: "discount"},
		{Clean: "total_price", Work: "total_price", Gold: "total_price"},
	}},
	{Raw: "refund_items", Work: "refund_lines", Gold: "refunds", RowsEnd: lake.Gold, Sums: []flowSum{
		{Clean: "qty", Work: "qty", Gold: "qty"},
		{Clean: "amount", Work: "amount", Gold: "amount"},
	}},
	{Raw: "stock_ledger", Work: "stock_days", Gold: "stock_daily", RowsEnd: lake.Clean, Sums: []flowSum{
		{Clean: "on_hand_delta", Work: "units_in-units_out", Gold: "units_in-units_out"},
	}},
	{Raw: "customers", Work: "customers", Gold: "customer", RowsEnd: lake.Gold},
	{Raw: "products", Gold: "inventory", RowsEnd: lake.Gold, Sums: []flowSum{
		{Clean: "price", Gold: "price"},
		{Clean: "cost", Gold: "cost"},
	}},
	{Raw: "vendors", Gold: "vendor", RowsEnd: lake.Gold},
	{Raw: "categories", Gold: "category", RowsEnd: lake.Gold},
}

// Difference is a total that changed between two places it should not have changed between.
type Difference struct {
	Table  string `json:"table"`
	Day    int32  `json:"day,omitempty"` // yyyymmdd; 0 for all days
	What   string `json:"what"`          // rows, or the column
	From   string `json:"from"`
	To     string `json:"to"`
	Before int64  `json:"before"` // money in minor units
	After  int64  `json:"after"`
}

func (d Difference) String() string {
	table := d.Table
	if d.Day != 0 {
		table += fmt.Sprintf(" on %d", d.Day)
	}
	return fmt.Sprintf("%s of %s: %d in %s, %d in %s (%+d)", d.What, table, d.Before, d.From, d.After, d.To, d.After-d.Before)
}

// ReconcileError stops a run before it has published.
type ReconcileError struct{ Differences []Difference }

func (e *ReconcileError) Error() string {
	lines := make([]string, len(e.Differences))
	for i, difference := range e.Differences {
		lines[i] = difference.String()
	}
	return "totals do not reconcile: " + strings.Join(lines, "; ")
}

// Reconcile compares rows, units and cents through all zones. It returns a *ReconcileError that
// names every difference, and otherwise how many totals it found equal.
func Reconcile(evidence Evidence) (compared int, err error) {
	r := &reconciling{}
	for _, table := range sorted(evidence.Control) {
		control, raw := evidence.Control[table], evidence.Raw[table]
		r.equal(table, "rows", "control totals", "raw", control.Rows, raw.Rows)
		for _, column := range sorted(control.Sums) {
			r.equal(table, column, "control totals", "raw", control.Sums[column], raw.Sums[column])
		}
		clean, quarantine := evidence.Clean[table], evidence.Quarantine[table]
		r.equal(table, "rows", "raw", "clean and quarantine", raw.Rows, clean.Rows+quarantine.Rows)
		for _, column := range sorted(clean.Sums) {
			r.equal(table, column, "raw", "clean and quarantine", raw.Sums[column], clean.Sums[column]+quarantine.Sums[column])
		}
	}
	for _, flow := range flows {
		r.flow(flow, evidence)
	}
	for _, table := range sorted(evidence.Gold) {
		gold, staged := evidence.Gold[table], evidence.Staging[table].Total()
		r.equal(table, "rows", "gold", "staging", gold.Rows, staged.Rows)
		for _, column := range sorted(gold.Sums) {
			r.equal(table, column, "gold", "staging", gold.Sums[column], staged.Sums[column])
		}
	}
	return r.compared, r.err()
}

type reconciling struct {
	day         int32 // that is compared, 0 for all
	compared    int
	differences []Difference
}

func (r *reconciling) equal(table, what, from, to string, before, after int64) {
	r.compared++
	if before != after {
		r.differences = append(r.differences, Difference{Table: table, Day: r.day, What: what, From: from, To: to, Before: before, After: after})
	}
}

func (r *reconciling) err() error {
	if len(r.differences) == 0 {
		return nil
	}
	return &ReconcileError{Differences: r.differences}
}

func (r *reconciling) flow(f flow, evidence Evidence) {
	clean := evidence.Clean[f.Raw]
	places := []struct {
		zone   lake.Zone
		table  string
		totals lake.Totals
		column func(flowSum) string
	}{
		{lake.Work, f.Work, evidence.Work[f.Work], func(s flowSum) string { return s.Work }},
		{lake.Gold, f.Gold, evidence.Gold[f.Gold], func(s flowSum) string { return s.Gold }},
	}
	for _, place := range places {
		if place.table == "" {
			continue
		}
		to := string(place.zone) + " " + place.table
		if f.RowsEnd == lake.Gold {
			r.equal(f.Raw, "rows", "clean", to, clean.Rows, place.totals.Rows)
		}
		for _, sum := range f.Sums {
			if column := place.column(sum); column != "" {
				r.equal(f.Raw, sum.Clean, "clean", to, clean.Sums[sum.Clean], sumOf(place.totals, column))
			}
		}
	}
}

func sumOf(totals lake.Totals, column string) int64 {
	plus, minus, _ := strings.Cut(column, "-")
	return totals.Sums[plus] - totals.Sums[minus]
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

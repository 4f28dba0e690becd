package warehouse

import (
	"cmp"
	"fmt"
	"maps"
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
	Made       map[lake.Zone]map[string]lake.Totals // what the queries of clean, work and gold gave, before it was written
	Staging    map[string]DayTotals                 // by gold table
}

// allRows is what a difference says of a number of rows, and in a flow the sum that counts them.
const allRows = "rows"

// flow follows one table of the shop through the zones, from clean on.
type flow struct {
	Raw, Work, Gold string    // tables; "" where the flow does not pass
	Grain           lake.Zone // rows are the same ones from this zone on
	Sums            []flowSum
}

// flowSum follows a column whose sum must not change from the first zone that names it. A name is
// "" where the sum does not pass; "in-out" is a difference of two columns, rows is how many there are.
type flowSum struct{ Clean, Work, Gold string }

// same is a column that keeps its name.
func same(column string) flowSum { return flowSum{Clean: column, Work: column, Gold: column} }

// flows is what a run must not lose on the way. Every table of zone raw is compared with its
// control totals and with zone clean, whether it stands here or not: the money of payments and of
// refunds as a whole goes no further than clean.
var flows = []flow{
	{Raw: "order_items", Work: "order_lines", Gold: "sales", Grain: lake.Clean, Sums: []flowSum{
		same("qty"), same("unit_price"), same("unit_cost"), same("total_price"),
		{Clean: "discount_amount", Work: "discount", Gold: "discount"},
	}},
	{Raw: "orders", Work: "orders", Gold: "orders", Grain: lake.Clean, Sums: []flowSum{
		same("subtotal"), same("tax_amount"), same("shipping_cost"), same("discount_amount"), same("total_amount"),
	}},
	{Raw: "carts", Gold: "carts", Grain: lake.Clean},
	{Raw: "cart_items", Gold: "carts", Grain: lake.Gold, Sums: []flowSum{
		{Clean: "qty", Gold: "units"}, {Clean: "value", Gold: "value"}, {Clean: allRows, Gold: "items"},
	}},
	{Raw: "refund_items", Work: "refund_lines", Gold: "refunds", Grain: lake.Clean, Sums: []flowSum{
		same("qty"), same("amount"),
	}},
	{Raw: "stock_ledger", Work: "stock_days", Gold: "stock_daily", Grain: lake.Work, Sums: []flowSum{
		{Clean: "on_hand_delta", Work: "units_in-units_out", Gold: "units_in-units_out"},
		{Clean: "on_hand_delta", Work: "closing-opening", Gold: "closing-opening"},
		{Clean: "reserved_delta", Work: "reserved_delta"},
		{Work: "opening", Gold: "opening"},
		{Work: "closing", Gold: "closing"},
		{Work: "reserved", Gold: "reserved"},
	}},
	{Raw: "customers", Work: "customers", Gold: "customer", Grain: lake.Clean},
	{Raw: "products", Gold: "inventory", Grain: lake.Clean, Sums: []flowSum{same("price"), same("cost")}},
	{Raw: "products", Gold: "product_performance", Grain: lake.Clean, Sums: []flowSum{same("price"), same("cost")}},
	{Raw: "stock", Gold: "inventory", Grain: lake.Gold, Sums: []flowSum{same("on_hand"), same("reserved")}},
	{Raw: "vendors", Gold: "vendor", Grain: lake.Clean},
	{Raw: "categories", Gold: "category", Grain: lake.Clean},
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
		raw, clean, quarantine := evidence.Raw[table], evidence.Clean[table], evidence.Quarantine[table]
		r.totals(table, "control totals", "raw", evidence.Control[table], raw)
		r.equal(table, allRows, "raw", "clean and quarantine", raw.Rows, clean.Rows+quarantine.Rows)
		for _, column := range sorted(clean.Sums) {
			r.equal(table, column, "raw", "clean and quarantine", raw.Sums[column], clean.Sums[column]+quarantine.Sums[column])
		}
	}
	for _, flow := range flows {
		r.flow(flow, evidence)
	}
	written := map[lake.Zone]map[string]lake.Totals{lake.Clean: evidence.Clean, lake.Work: evidence.Work, lake.Gold: evidence.Gold}
	for _, zone := range sorted(written) {
		for _, table := range sorted(written[zone]) {
			r.totals(table, "the query's result", string(zone), evidence.Made[zone][table], written[zone][table])
		}
	}
	for _, table := range sorted(evidence.Gold) {
		r.totals(table, "gold", "staging", evidence.Gold[table], evidence.Staging[table].Total())
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

// totals compares rows and every sum that is in the first.
func (r *reconciling) totals(table, from, to string, before, after lake.Totals) {
	r.equal(table, allRows, from, to, before.Rows, after.Rows)
	for _, column := range sorted(before.Sums) {
		r.equal(table, column, from, to, before.Sums[column], after.Sums[column])
	}
}

func (r *reconciling) err() error {
	if len(r.differences) == 0 {
		return nil
	}
	return &ReconcileError{Differences: r.differences}
}

func (r *reconciling) flow(f flow, evidence Evidence) {
	places := []place{
		{lake.Clean, f.Raw, evidence.Clean, func(s flowSum) string { return s.Clean }},
		{lake.Work, f.Work, evidence.Work, func(s flowSum) string { return s.Work }},
		{lake.Gold, f.Gold, evidence.Gold, func(s flowSum) string { return s.Gold }},
	}
	places = slices.DeleteFunc(places, func(p place) bool {
		_, made := p.totals[p.table]
		return p.table == "" || p.zone == lake.Gold && !made // a run of facts alone
	})
	grain := slices.IndexFunc(places, func(p place) bool { return p.zone == f.Grain })
	for _, to := range places[grain+1:] {
		if grain < 0 {
			break // it begins in a zone that the run does not make of it
		}
		from := places[grain]
		r.equal(f.Raw, allRows, from.String(), to.String(), from.totals[from.table].Rows, to.totals[to.table].Rows)
	}
	for _, sum := range f.Sums {
		passed := slices.DeleteFunc(slices.Clone(places), func(p place) bool { return p.column(sum) == "" })
		if len(passed) == 0 {
			continue
		}
		from := passed[0]
		for _, to := range passed[1:] {
			r.equal(f.Raw, from.column(sum), from.String(), to.String(), from.sum(sum), to.sum(sum))
		}
	}
}

// place is a table of a zone that a flow comes to.
type place struct {
	zone   lake.Zone
	table  string
	totals map[string]lake.Totals
	column func(flowSum) string
}

func (p place) String() string { return string(p.zone) + " " + p.table }

func (p place) sum(s flowSum) int64 { return sumOf(p.totals[p.table], p.column(s)) }

func sumOf(totals lake.Totals, column string) int64 {
	if column == allRows {
		return totals.Rows
	}
	plus, minus, _ := strings.Cut(column, "-")
	return totals.Sums[plus] - totals.Sums[minus]
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

package warehouse_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
)

func totals(rows int64, sums map[string]int64) lake.Totals {
	return lake.Totals{Rows: rows, Sums: sums}
}

// consistent is the evidence of a run of all tables that flows follow, and of one that is made of history, which lost
// nothing. One row of each table of the shop is in quarantine, with one of each sum.
func consistent() warehouse.Evidence {
	lines := func(discount string) lake.Totals {
		return totals(3, map[string]int64{"qty": 9, "unit_price": 900, "unit_cost": 500, discount: 7, "total_price": 1793})
	}
	orders := func() lake.Totals {
		return totals(2, map[string]int64{"subtotal": 1000, "tax_amount": 70, "shipping_cost": 500, "discount_amount": 30, "total_amount": 1540})
	}
	refunds := func() lake.Totals { return totals(2, map[string]int64{"qty": 3, "amount": 250}) }
	stock := func(more map[string]int64) lake.Totals {
		days := totals(2, map[string]int64{"opening": 1, "units_in": 7, "units_out": 2, "closing": 6, "reserved": 3})
		maps.Copy(days.Sums, more)
		return days
	}
	gold := func() map[string]lake.Totals {
		return map[string]lake.Totals{
			"sales": lines("discount"), "orders": orders(), "refunds": refunds(), "stock_daily": stock(nil),
			"carts":    totals(2, map[string]int64{"items": 3, "units": 5, "value": 1250}),
			"customer": totals(4, nil), "vendor": totals(2, nil), "category": totals(5, nil),
			"inventory":           totals(3, map[string]int64{"price": 600, "cost": 400, "on_hand": 9, "reserved": 4}),
			"product_performance": totals(3, map[string]int64{"price": 600, "cost": 400, "net_revenue": 1543}),
			"cohorts":             totals(6, map[string]int64{"revenue": 1543}),
		}
	}
	clean := func() map[string]lake.Totals {
		return map[string]lake.Totals{
			"order_items": lines("discount_amount"), "orders": orders(), "refund_items": refunds(),
			"carts": totals(2, nil), "cart_items": totals(3, map[string]int64{"qty": 5, "unit_price": 700, "value": 1250}),
			"customers": totals(4, nil), "vendors": totals(2, nil), "categories": totals(5, nil),
			"products": totals(3, map[string]int64{"price": 600, "cost": 400, "weight_kg": 1500}), "stock": totals(2, map[string]int64{"on_hand": 9, "reserved": 4}),
			"stock_ledger": totals(8, map[string]int64{"on_hand_delta": 5, "reserved_delta": 2}),
			"payments":     totals(2, map[string]int64{"amount": 1540}),
		}
	}
	work := func() map[string]lake.Totals {
		return map[string]lake.Totals{
			"order_lines": lines("discount"), "orders": orders(), "refund_lines": refunds(),
			"stock_days": stock(map[string]int64{"reserved_delta": 2}), "customers": totals(4, nil),
		}
	}
	evidence := warehouse.Evidence{
		Control: map[string]lake.Totals{}, Raw: map[string]lake.Totals{}, Clean: clean(), Quarantine: map[string]lake.Totals{},
		Work: work(), Gold: gold(), Staging: map[string]warehouse.DayTotals{},
		Made: map[lake.Zone]map[string]lake.Totals{lake.Clean: clean(), lake.Work: work(), lake.Gold: gold()},
	}
	for table, kept := range evidence.Clean {
		aside := totals(1, map[string]int64{})
		for column := range kept.Sums {
			aside.Sums[column] = 1
		}
		evidence.Quarantine[table] = aside
		for _, all := range []map[string]lake.Totals{evidence.Control, evidence.Raw} {
			both := totals(0, map[string]int64{})
			both.Add(kept)
			both.Add(aside)
			all[table] = both
		}
	}
	for table, all := range gold() {
		first, rest := totals(1, map[string]int64{}), totals(all.Rows-1, map[string]int64{})
		for column, sum := range all.Sums {
			first.Sums[column], rest.Sums[column] = 1, sum-1
		}
		evidence.Staging[table] = warehouse.DayTotals{20260301: first, 20260302: rest}
	}
	return evidence
}

func TestReconcileTakesWhatIsConsistent(t *testing.T) {
	t.Parallel()
	if compared, err := warehouse.Reconcile(consistent()); err != nil || compared < 200 {
		t.Fatalf("compared %d totals: %v", compared, err)
	}
}

// lose takes one away from the rows of a table, or from the sum of a column.
func lose(of map[string]lake.Totals, table, what string) {
	damaged := of[table]
	if what == "rows" {
		damaged.Rows--
	} else {
		damaged.Sums = maps.Clone(damaged.Sums)
		damaged.Sums[what]--
	}
	of[table] = damaged
}

// everything is the rows and all columns of a table.
func everything(of lake.Totals) []string {
	return append(slices.Sorted(maps.Keys(of.Sums)), "rows")
}

// wantDifference expects an error that names a difference of one.
func wantDifference(t *testing.T, evidence warehouse.Evidence, want warehouse.Difference) {
	t.Helper()
	_, err := warehouse.Reconcile(evidence)
	var differ *warehouse.ReconcileError
	if !errors.As(err, &differ) || !slices.ContainsFunc(differ.Differences, func(d warehouse.Difference) bool {
		by := d.After - d.Before
		return d.Table == want.Table && d.From == want.From && d.To == want.To && d.What == want.What && by*by == 1
	}) {
		t.Errorf("lost, and not told %s of %s between %s and %s: %v", want.What, want.Table, want.From, want.To, err)
	}
}

// A row or a unit that is lost where a table is written, put aside or loaded, of every table and column.
func TestReconcileNamesWhatATableLost(t *testing.T) {
	t.Parallel()
	for table, all := range consistent().Clean {
		for _, what := range everything(all) {
			evidence := consistent()
			lose(evidence.Raw, table, what)
			wantDifference(t, evidence, warehouse.Difference{Table: table, What: what, From: "control totals", To: "raw"})
			for _, of := range []func(warehouse.Evidence) map[string]lake.Totals{
				func(e warehouse.Evidence) map[string]lake.Totals { return e.Clean },
				func(e warehouse.Evidence) map[string]lake.Totals { return e.Quarantine },
			} {
				evidence := consistent()
				lose(of(evidence), table, what)
				wantDifference(t, evidence, warehouse.Difference{Table: table, What: what, From: "raw", To: "clean and quarantine"})
			}
		}
	}
	for zone, of := range map[lake.Zone]func(warehouse.Evidence) map[string]lake.Totals{
		lake.Clean: func(e warehouse.Evidence) map[string]lake.Totals { return e.Clean },
		lake.Work:  func(e warehouse.Evidence) map[string]lake.Totals { return e.Work },
		lake.Gold:  func(e warehouse.Evidence) map[string]lake.Totals { return e.Gold },
	} {
		for table, all := range of(consistent()) {
			for _, what := range everything(all) {
				evidence := consistent()
				lose(of(evidence), table, what)
				wantDifference(t, evidence, warehouse.Difference{Table: table, What: what, From: "the query's result", To: string(zone)})
			}
			evidence := consistent()
			delete(evidence.Made[zone], table)
			if _, err := warehouse.Reconcile(evidence); err == nil {
				t.Errorf("nobody counted what the query of %s %s gave, and it passed", zone, table)
			}
		}
	}
	for table, all := range consistent().Gold {
		for _, what := range everything(all) {
			evidence := consistent()
			days := map[string]lake.Totals{table: evidence.Staging[table][20260302]}
			lose(days, table, what)
			evidence.Staging[table][20260302] = days[table]
			wantDifference(t, evidence, warehouse.Difference{Table: table, What: what, From: "gold", To: "staging"})
		}
	}
}

// followed is what must not be lost between one table and the next, by the table of the shop that it comes from.
var followed = map[string]string{
	"order_items": `work order_lines rows qty unit_price unit_cost discount total_price
		gold sales rows qty unit_price unit_cost discount total_price`,
	"orders": `work orders rows subtotal tax_amount shipping_cost discount_amount total_amount
		gold orders rows subtotal tax_amount shipping_cost discount_amount total_amount`,
	"carts":      "gold carts rows",
	"cart_items": "gold carts items units value",
	"refund_items": `work refund_lines rows qty amount
		gold refunds rows qty amount`,
	"stock_ledger": `work stock_days units_in units_out opening closing reserved reserved_delta
		gold stock_daily rows units_in units_out opening closing reserved`,
	"customers": `work customers rows
		gold customer rows`,
	"products": `gold inventory rows price cost
		gold product_performance rows price cost`,
	"stock":      "gold inventory on_hand reserved",
	"vendors":    "gold vendor rows",
	"categories": "gold category rows",
}

// A model that loses a row or a unit writes what its query gave: the difference is to the zone before.
func TestReconcileNamesWhatAModelLost(t *testing.T) {
	t.Parallel()
	want := map[warehouse.Followed]bool{}
	for raw, places := range followed {
		for line := range strings.SplitSeq(places, "\n") {
			words := strings.Fields(line)
			for _, what := range words[2:] {
				want[warehouse.Followed{Raw: raw, Zone: words[0], Table: words[1], What: what}] = true
			}
		}
	}
	if flows := warehouse.EveryFollowed(); !maps.Equal(flows, want) {
		for _, difference := range []struct {
			is       string
			one, two map[warehouse.Followed]bool
		}{{"not tried", flows, want}, {"not followed", want, flows}} {
			for f := range difference.one {
				if !difference.two[f] {
					t.Errorf("%s: %+v", difference.is, f)
				}
			}
		}
	}
	for f := range want {
		evidence := consistent()
		of := map[string]map[string]lake.Totals{"work": evidence.Work, "gold": evidence.Gold}[f.Zone]
		lose(of, f.Table, f.What)
		lose(evidence.Made[lake.Zone(f.Zone)], f.Table, f.What)
		if f.Zone == "gold" {
			evidence.Staging[f.Table] = warehouse.DayTotals{20260301: of[f.Table]}
		}
		_, err := warehouse.Reconcile(evidence)
		var differ *warehouse.ReconcileError
		if !errors.As(err, &differ) {
			t.Errorf("%s of %s %s lost: %v", f.What, f.Zone, f.Table, err)
			continue
		}
		named := false
		for _, d := range differ.Differences {
			by := d.After - d.Before
			touches := d.From == f.Zone+" "+f.Table || d.To == f.Zone+" "+f.Table
			if !touches || by*by != 1 {
				t.Errorf("%s of %s %s lost, and told %s", f.What, f.Zone, f.Table, d)
			}
			named = named || touches && d.Table == f.Raw
		}
		if !named {
			t.Errorf("%s of %s %s lost: %v does not name it", f.What, f.Zone, f.Table, err)
		}
	}
}

func TestDifferenceIsToldInFull(t *testing.T) {
	t.Parallel()
	for says, damage := range map[string]func(warehouse.Evidence){
		"total_amount of orders: 1540 in clean orders, 1539 in work orders (-1)": func(e warehouse.Evidence) { lose(e.Work, "orders", "total_amount") },
		"rows of stock_ledger: 2 in work stock_days, 1 in gold stock_daily (-1)": func(e warehouse.Evidence) { lose(e.Gold, "stock_daily", "rows") },
		"value of cart_items: 1250 in clean cart_items, 1249 in gold carts (-1)": func(e warehouse.Evidence) { lose(e.Gold, "carts", "value") },
		"rows of cohorts: 6 in the query's result, 5 in gold (-1)":               func(e warehouse.Evidence) { lose(e.Gold, "cohorts", "rows") },
		"units of carts: 5 in gold, 6 in staging (+1)":                           func(e warehouse.Evidence) { e.Staging["carts"][20260301].Sums["units"]++ },
	} {
		evidence := consistent()
		damage(evidence)
		if _, err := warehouse.Reconcile(evidence); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

// Rows and sums of zone gold come from the shop by a flow. The calendar comes from no table; what is made of history
// is checked against it by its model.
func TestEveryTotalOfGoldIsFollowed(t *testing.T) {
	t.Parallel()
	set, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	followed := map[string]bool{}
	for f := range warehouse.EveryFollowed() {
		followed[f.Zone+" "+f.Table+" "+f.What] = true
	}
	for _, m := range set.Zone(lake.Gold) {
		if len(m.Reads) == 0 || len(set.ReadsPublished(m)) > 0 {
			continue
		}
		for _, what := range append(slices.Clone(m.Totals), "rows") {
			if !followed["gold "+m.Name+" "+what] {
				t.Errorf("%s of %s is followed by no flow", what, m.Table)
			}
		}
	}
}

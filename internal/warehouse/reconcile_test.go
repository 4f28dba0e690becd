package warehouse_test

import (
	"errors"
	"strings"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/warehouse"
)

func totals(rows int64, sums map[string]int64) lake.Totals {
	return lake.Totals{Rows: rows, Sums: sums}
}

// consistent is the evidence of a run that lost nothing: three order lines, one in quarantine.
func consistent() warehouse.Evidence {
	one := func(table string, rows, qty, discount, total int64, discountName string) map[string]lake.Totals {
		return map[string]lake.Totals{table: totals(rows, map[string]int64{"qty": qty, discountName: discount, "total_price": total})}
	}
	return warehouse.Evidence{
		Control:    one("order_items", 3, 6, 7, 1000, "discount_amount"),
		Raw:        one("order_items", 3, 6, 7, 1000, "discount_amount"),
		Clean:      one("order_items", 2, 5, 4, 900, "discount_amount"),
		Quarantine: one("order_items", 1, 1, 3, 100, "discount_amount"),
		Work:       one("order_lines", 2, 5, 4, 900, "discount"),
		Gold:       one("sales", 2, 5, 4, 900, "discount"),
		Staging: map[string]warehouse.DayTotals{"sales": {
			20260301: one("sales", 1, 2, 1, 500, "discount")["sales"],
			20260302: one("sales", 1, 3, 3, 400, "discount")["sales"],
		}},
	}
}

func TestReconcileNamesEveryDifference(t *testing.T) {
	t.Parallel()
	if compared, err := warehouse.Reconcile(consistent()); err != nil || compared < 15 {
		t.Fatalf("compared %d totals: %v", compared, err)
	}
	of := func(totals map[string]lake.Totals, table string, damage func(*lake.Totals)) {
		damaged := totals[table]
		damage(&damaged)
		totals[table] = damaged
	}
	for name, test := range map[string]struct {
		damage func(*warehouse.Evidence, func(*lake.Totals))
		says   string
	}{
		"raw":        {func(e *warehouse.Evidence, d func(*lake.Totals)) { of(e.Raw, "order_items", d) }, "in control totals"},
		"clean":      {func(e *warehouse.Evidence, d func(*lake.Totals)) { of(e.Clean, "order_items", d) }, "in clean and quarantine"},
		"quarantine": {func(e *warehouse.Evidence, d func(*lake.Totals)) { of(e.Quarantine, "order_items", d) }, "in clean and quarantine"},
		"work":       {func(e *warehouse.Evidence, d func(*lake.Totals)) { of(e.Work, "order_lines", d) }, "in work order_lines"},
		"gold":       {func(e *warehouse.Evidence, d func(*lake.Totals)) { of(e.Gold, "sales", d) }, "in gold sales"},
		"staging": {func(e *warehouse.Evidence, d func(*lake.Totals)) {
			day := e.Staging["sales"][20260302]
			d(&day)
			e.Staging["sales"][20260302] = day
		}, "in staging"},
	} {
		for _, what := range []string{"rows", "qty", "total_price"} {
			evidence := consistent()
			test.damage(&evidence, func(totals *lake.Totals) {
				if what == "rows" {
					totals.Rows--
				} else {
					totals.Sums[what]--
				}
			})
			_, err := warehouse.Reconcile(evidence)
			var differences *warehouse.ReconcileError
			if !errors.As(err, &differences) || !strings.Contains(err.Error(), what+" of ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s of %s lost: %v", what, name, err)
			}
		}
	}
}

func TestReconcileFollowsBalances(t *testing.T) {
	t.Parallel()
	consistent := func() warehouse.Evidence {
		gold := func() map[string]lake.Totals {
			return map[string]lake.Totals{
				"inventory":   totals(3, map[string]int64{"on_hand": 9, "reserved": 4}),
				"stock_daily": totals(2, map[string]int64{"opening": 1, "units_in": 7, "units_out": 2, "closing": 6, "reserved": 3}),
			}
		}
		staged := gold()
		return warehouse.Evidence{
			Clean: map[string]lake.Totals{
				"products":     totals(3, nil),
				"stock":        totals(2, map[string]int64{"on_hand": 9, "reserved": 4}),
				"stock_ledger": totals(8, map[string]int64{"on_hand_delta": 5, "reserved_delta": 2}),
			},
			Work: map[string]lake.Totals{"stock_days": totals(2, map[string]int64{
				"opening": 1, "units_in": 7, "units_out": 2, "closing": 6, "reserved_delta": 2, "reserved": 3,
			})},
			Gold:    gold(),
			Staging: map[string]warehouse.DayTotals{"inventory": {0: staged["inventory"]}, "stock_daily": {20260301: staged["stock_daily"]}},
		}
	}
	if _, err := warehouse.Reconcile(consistent()); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []struct {
		zone          func(warehouse.Evidence) map[string]lake.Totals
		table, column string
		says          string
	}{
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Work }, "stock_days", "reserved_delta", "reserved_delta of stock_ledger: 2 in clean stock_ledger, 1 in work stock_days (-1)"},
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Work }, "stock_days", "closing", "on_hand_delta of stock_ledger: 5 in clean stock_ledger, 4 in work stock_days (-1)"},
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Gold }, "stock_daily", "opening", "opening of stock_ledger: 1 in work stock_days, 0 in gold stock_daily (-1)"},
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Gold }, "stock_daily", "reserved", "reserved of stock_ledger: 3 in work stock_days, 2 in gold stock_daily (-1)"},
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Gold }, "inventory", "on_hand", "on_hand of stock: 9 in clean stock, 8 in gold inventory (-1)"},
		{func(e warehouse.Evidence) map[string]lake.Totals { return e.Gold }, "inventory", "reserved", "reserved of stock: 4 in clean stock, 3 in gold inventory (-1)"},
	} {
		evidence := consistent()
		lost.zone(evidence)[lost.table].Sums[lost.column]--
		if _, err := warehouse.Reconcile(evidence); err == nil || !strings.Contains(err.Error(), lost.says) {
			t.Errorf("%s of %s lost: %v", lost.column, lost.table, err)
		}
	}
	rows := consistent()
	rows.Gold["stock_daily"] = totals(1, rows.Gold["stock_daily"].Sums)
	if _, err := warehouse.Reconcile(rows); err == nil || !strings.Contains(err.Error(), "rows of stock_ledger: 2 in work stock_days, 1 in gold stock_daily (-1)") {
		t.Errorf("a day of a product lost: %v", err)
	}
}

func TestReconcileFollowsOrdersAndCarts(t *testing.T) {
	t.Parallel()
	consistent := func() warehouse.Evidence {
		orders := func() map[string]lake.Totals {
			return map[string]lake.Totals{"orders": totals(2, map[string]int64{
				"subtotal": 1000, "tax_amount": 70, "shipping_cost": 500, "discount_amount": 30, "total_amount": 1540,
			})}
		}
		evidence := warehouse.Evidence{
			Clean: orders(), Work: orders(), Gold: orders(),
			Staging: map[string]warehouse.DayTotals{
				"orders": {20260301: orders()["orders"]}, "carts": {20260301: totals(2, map[string]int64{"units": 5})},
			},
		}
		evidence.Clean["carts"] = totals(2, nil)
		evidence.Clean["cart_items"] = totals(3, map[string]int64{"qty": 5})
		evidence.Gold["carts"] = totals(2, map[string]int64{"units": 5})
		return evidence
	}
	if _, err := warehouse.Reconcile(consistent()); err != nil {
		t.Fatal(err)
	}
	for says, damage := range map[string]func(warehouse.Evidence){
		"total_amount of orders: 1540 in clean orders, 1539 in work orders (-1)": func(e warehouse.Evidence) { e.Work["orders"].Sums["total_amount"]-- },
		"subtotal of orders: 1000 in clean orders, 999 in gold orders (-1)":      func(e warehouse.Evidence) { e.Gold["orders"].Sums["subtotal"]-- },
		"tax_amount of orders: 70 in clean orders, 69 in gold orders (-1)":       func(e warehouse.Evidence) { e.Gold["orders"].Sums["tax_amount"]-- },
		"shipping_cost of orders: 500 in clean orders, 499 in work orders (-1)":  func(e warehouse.Evidence) { e.Work["orders"].Sums["shipping_cost"]-- },
		"discount_amount of orders: 30 in clean orders, 29 in gold orders (-1)":  func(e warehouse.Evidence) { e.Gold["orders"].Sums["discount_amount"]-- },
		"rows of orders: 2 in clean orders, 1 in work orders (-1)":               func(e warehouse.Evidence) { e.Work["orders"] = totals(1, e.Work["orders"].Sums) },
		"rows of carts: 2 in clean carts, 1 in gold carts (-1)":                  func(e warehouse.Evidence) { e.Gold["carts"] = totals(1, e.Gold["carts"].Sums) },
		"qty of cart_items: 5 in clean cart_items, 4 in gold carts (-1)":         func(e warehouse.Evidence) { e.Gold["carts"].Sums["units"]-- },
		"units of carts: 5 in gold, 6 in staging (+1)":                           func(e warehouse.Evidence) { e.Staging["carts"][20260301].Sums["units"]++ },
		"total_amount of orders: 1540 in gold, 1541 in staging (+1)":             func(e warehouse.Evidence) { e.Staging["orders"][20260301].Sums["total_amount"]++ },
	} {
		evidence := consistent()
		damage(evidence)
		if _, err := warehouse.Reconcile(evidence); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

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
		Staging:    one("sales", 2, 5, 4, 900, "discount"),
	}
}

func TestReconcileNamesEveryDifference(t *testing.T) {
	t.Parallel()
	if compared, err := warehouse.Reconcile(consistent()); err != nil || compared < 15 {
		t.Fatalf("compared %d totals: %v", compared, err)
	}
	for name, test := range map[string]struct {
		zone  func(*warehouse.Evidence) map[string]lake.Totals
		table string
		says  string
	}{
		"raw":        {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Raw }, "order_items", "in control totals"},
		"clean":      {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Clean }, "order_items", "in clean and quarantine"},
		"quarantine": {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Quarantine }, "order_items", "in clean and quarantine"},
		"work":       {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Work }, "order_lines", "in work order_lines"},
		"gold":       {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Gold }, "sales", "in gold sales"},
		"staging":    {func(e *warehouse.Evidence) map[string]lake.Totals { return e.Staging }, "sales", "in staging"},
	} {
		for _, what := range []string{"rows", "qty", "total_price"} {
			evidence := consistent()
			damaged := test.zone(&evidence)[test.table]
			if what == "rows" {
				damaged.Rows--
			} else {
				damaged.Sums[what]--
			}
			test.zone(&evidence)[test.table] = damaged
			_, err := warehouse.Reconcile(evidence)
			var differences *warehouse.ReconcileError
			if !errors.As(err, &differences) || !strings.Contains(err.Error(), what+" of ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s of %s lost: %v", what, name, err)
			}
		}
	}
}

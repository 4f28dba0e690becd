package duck_test

import (
	"slices"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/lake/catalogue"
)

// impersonal are the tables of zone raw that say of nobody who it is: keys, codes, money and the shop's own goods. Of a new
// table somebody has to say which it is.
var impersonal = []string{
	"cart_items", "carts", "categories", "order_events", "order_items", "orders", "orders_opening", "payment_attempts", "payments", "products",
	"refund_items", "stock", "stock_ledger", "stock_opening", "vendors",
}

// TestEveryColumnMadeFromAPersonIsErased follows the lineage of what is erased.
func TestEveryColumnMadeFromAPersonIsErased(t *testing.T) {
	t.Parallel()
	c := describe(t)
	erased := map[catalogue.Ref]bool{}
	for _, table := range c.Tables {
		persons := false
		for _, column := range table.Columns {
			if column.Erased != "" {
				persons = true
				erased[catalogue.Ref(table.Name+"."+column.Name)] = true
			}
		}
		if table.Zone == lake.Raw && persons == slices.Contains(impersonal, table.Name[len("raw."):]) {
			t.Errorf("%s: say in its header whose its rows are, or that it says of nobody who it is, here", table.Name)
		}
	}
	made := 0
	for _, table := range c.Tables {
		if table.Zone == "warehouse" {
			continue // as gold
		}
		for _, column := range table.Columns {
			for _, from := range column.From {
				if erased[from] {
					made++
					if column.Erased == "" {
						t.Errorf("%s.%s is made from %s, which is erased: the header must say what takes its place", table.Name, column.Name, from)
					}
				}
			}
		}
	}
	if made < 15 {
		t.Errorf("%d columns are made from what is erased", made)
	}
}

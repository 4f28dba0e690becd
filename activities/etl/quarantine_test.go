package etl_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mercado/internal/lake"
)

// What the shop's own constraints refuse is let in here by dropping them: clean must catch a row
// that came in some other way.
func TestBrokenRowIsInQuarantineAlone(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	const line = "(select min(id) + %d from ordering.order_items)"
	p.exec(`
		do $$
		declare
			guard record;
		begin
			for guard in
				select conrelid::regclass as relation, conname
				from pg_constraint
				where contype = 'c' and conrelid = 'ordering.order_items'::regclass
			loop
				execute format('alter table %s drop constraint %I', guard.relation, guard.conname);
			end loop;
		end
		$$;
		alter table identity.customers drop constraint customers_email_check;
		alter table catalog.reviews drop constraint reviews_rating_check;
		alter table catalog.product_ratings drop constraint product_ratings_check;
		alter table catalog.stock_ledger disable trigger stock_ledger_append_only;
		alter table catalog.stock_ledger drop constraint stock_ledger_product_id_fkey`)
	broken := []struct {
		table, statement string
		rules            []string
	}{
		{"order_items", "update ordering.order_items set item_id = 4711 where id = " + fmt.Sprintf(line, 1), []string{"product_exists"}},
		{"order_items", "update ordering.order_items set qty = 0, total_price = 0, discount_amount = 0 where id = " + fmt.Sprintf(line, 3),
			[]string{"qty_positive"}},
		{"order_items", "update ordering.order_items set total_price = total_price + 0.01 where id = " + fmt.Sprintf(line, 5),
			[]string{"amounts_add_up"}},
		{"order_items", "update ordering.order_items set unit_cost = -1 where id = " + fmt.Sprintf(line, 7), []string{"cost_not_negative"}},
		{"customers", "update identity.customers set email = 'no address' where id = 19", []string{"email_valid"}},
		{"customers", "update identity.customers set first_name = '   ' where id = 20", []string{"name_present"}},
		{"reviews", "insert into catalog.reviews (product_id, customer_id, rating) values (1, 1, 6), (2, 1, 5)", []string{"rating_in_range"}},
		{"stock_ledger", "insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at) " +
			"values (4711, 'restock', 5, 0, 'import', '2026-03-01 10:00:00+00')", []string{"product_exists"}},
	}
	want := map[string]map[string]int64{}
	for _, row := range broken {
		p.exec(row.statement)
		if want[row.table] == nil {
			want[row.table] = map[string]int64{}
		}
		for _, rule := range row.rules {
			want[row.table][rule]++
		}
	}
	run, _ := p.load("2026-03-01", "2026-03-02")
	for _, model := range p.Models.Zone(lake.Clean) {
		manifest := p.manifest(run, lake.Clean, model.Name)
		if !maps.Equal(manifest.Rules, want[model.Name]) {
			t.Errorf("%s: in quarantine by rule %v, want %v", model.Name, manifest.Rules, want[model.Name])
		}
		if rows, rules := lake.Total(manifest.Quarantine).Rows, sum(want[model.Name]); rows != rules {
			t.Errorf("%s: %d rows in quarantine, want %d", model.Name, rows, rules)
		}
	}
	p.want("select sum(rows_rejected) from etl.steps", "8")
	p.same("select count(*) + 4 from warehouse.sales", "select count(*) from ordering.order_items")
	p.want("select count(*) from warehouse.customer", "18")

	manifest := p.manifest(run, lake.Clean, "order_items")
	type rejected struct {
		ID    int64    `parquet:"id"`
		Rules []string `parquet:"broken_rules,list"`
	}
	data := p.objects().get(lake.Clean, manifest.Quarantine[0].Key)
	rows, err := parquet.Read[rejected](bytes.NewReader(data), int64(len(data)))
	if err != nil || len(rows) != 4 {
		t.Fatalf("quarantine holds %v, %v", rows, err)
	}
	var rules []string
	for _, row := range rows {
		rules = append(rules, row.Rules...)
	}
	slices.Sort(rules)
	if wanted := []string{"amounts_add_up", "cost_not_negative", "product_exists", "qty_positive"}; !slices.Equal(rules, wanted) {
		t.Errorf("the rows in quarantine name the rules %v, want %v", rules, wanted)
	}
}

func sum(counts map[string]int64) (total int64) {
	for _, count := range counts {
		total += count
	}
	return total
}

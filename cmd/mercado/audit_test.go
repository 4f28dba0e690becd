package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mercado/internal/audit"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
)

// TestAuditEndsWithThreeWhenSomethingDiffers audits an empty shop, and one with stock that no
// ledger row explains.
func TestAuditEndsWithThreeWhenSomethingDiffers(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	db, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	look := func(want int) audit.Report {
		t.Helper()
		code, stdout, stderr := mercado(t, world, "audit", "--output", "json")
		if code != want {
			t.Fatalf("exit code %d, want %d: %s", code, want, stderr)
		}
		var report audit.Report
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatalf("%v: %s", err, stdout)
		}
		return report
	}
	if report := look(0); report.Differences != 0 || len(report.Results) < 20 {
		t.Errorf("an empty shop: %+v", report)
	}
	_, err = db.Pool.Exec(t.Context(), `
		with vendor as (insert into catalog.vendors (vendor_name, region) values ('V', 'PT') returning id),
		category as (insert into catalog.categories (name) values ('C') returning id),
		product as (
			insert into catalog.products (vendor_id, item_name, category_id, price, cost)
			select vendor.id, 'P', category.id, 1, 1 from vendor, category returning id
		)
		insert into catalog.stock (product_id, on_hand) select id, 7 from product`)
	if err != nil {
		t.Fatal(err)
	}
	report := look(3)
	if report.Differences != 1 {
		t.Errorf("%d differences, want 1", report.Differences)
	}
	kept, err := db.Audit(t.Context(), report.ID)
	if err != nil || kept.State != "differences" || kept.Differences != 1 {
		t.Errorf("kept as %+v, %v", kept, err)
	}
	found, err := db.AuditDifferences(t.Context(), report.ID)
	if err != nil || len(found) != 1 || found[0].CheckName != "stock_balances" || !strings.Contains(string(found[0].Details), `"on_hand": 7`) {
		t.Errorf("kept differences: %+v, %v", found, err)
	}
}

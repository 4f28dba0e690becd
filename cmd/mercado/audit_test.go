package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/audit"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/worker/workertest"
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

// TestAuditAsksTheProviderWhenTold audits a shop that has sold something: as the provider has it,
// with a cent that only the provider knows of, and with a provider that is away.
func TestAuditAsksTheProviderWhenTold(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	sold := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
	workertest.Await(t, "the order to be delivered", func() bool {
		return apitest.Decode[order.Document](buyer.Get("/api/orders/"+sold.String()).Want(http.StatusOK)).Status == order.Delivered
	})
	look := func(want int, url string) (agrees audit.Result) {
		t.Helper()
		code, stdout, stderr := mercado(t, shop.World, "audit", "--provider", "--payment-url", url, "--output", "json")
		if code != want {
			t.Fatalf("exit code %d, want %d: %s%s", code, want, stdout, stderr)
		}
		var report audit.Report
		if want == 1 {
			return agrees
		}
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatalf("%v: %s", err, stdout)
		}
		for _, result := range report.Results {
			if result.Name == "provider_agrees" {
				agrees = result
			}
		}
		return agrees
	}
	if agrees := look(0, shop.Sandbox); agrees.Differences != 0 || agrees.Name == "" {
		t.Errorf("the provider has what the shop has: %+v", agrees)
	}
	var paid string
	if err := shop.DB.Pool.QueryRow(t.Context(),
		"update ordering.payments set captured_amount = captured_amount - 0.01 where order_id = $1 returning id::text", sold).Scan(&paid); err != nil {
		t.Fatal(err)
	}
	if agrees := look(3, shop.Sandbox); agrees.Differences != 1 || agrees.Found[0].SubjectID != paid {
		t.Errorf("the provider has a cent more for %s: %+v", paid, agrees)
	}
	look(1, "http://127.0.0.1:1")
	// What the books have told is kept although the provider could not be asked.
	last := func() (state string) {
		t.Helper()
		if err := shop.DB.Pool.QueryRow(t.Context(),
			"select state || ' ' || (error is not null) from audit.runs order by started_at desc limit 1").Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	if kept := last(); kept != "differences true" {
		t.Errorf("an audit that could not ask is kept as %s", kept)
	}
	if _, err := shop.DB.Pool.Exec(t.Context(),
		"update ordering.payments set captured_amount = captured_amount + 0.01 where order_id = $1", sold); err != nil {
		t.Fatal(err)
	}
	look(1, "http://127.0.0.1:1")
	if kept := last(); kept != "failed true" {
		t.Errorf("an audit that could not ask is kept as %s", kept)
	}
}

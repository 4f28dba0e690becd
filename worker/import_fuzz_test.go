package worker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/sdk/testsuite"

	"mercado/activities"
	"mercado/api/apitest"
	"mercado/internal/store/shopdb"
)

// FuzzImport sends any file of a new vendor, tries it, imports it and imports it again. The answer is never a 5xx, and no file keeps an import from ending; the trial tells what
// the import does; the import again changes what it made before, and adds nothing; no row is left to the
// database to refuse; and the stock of what was made is in the ledger.
// `go test ./worker -run '^$' -fuzz FuzzImport` looks for more.
func FuzzImport(f *testing.F) {
	world := apitest.New(f)
	category := apitest.Decode[apitest.Made](world.Admin().Post("/api/catalog/categories", map[string]any{"name": "Lamps"}).Want(http.StatusCreated)).ID
	header := "sku,item_name,category_id,price,cost,stock,weight_kg,launch_date,attributes,is_active,vendor_id,brand\n"
	for _, file := range []string{
		"", "\n", "sku\n", "sku\nA\n", "sku,colour\nA,red\n", "\ufeffSKU,Item_Name\r\nA,Lamp\r\n",
		header + fmt.Sprintf("A,Lamp,%d,10.00,4.00,5,0.250,2026-01-31,\"{\"\"colour\"\": \"\"red\"\"}\",true,,Acme\n", category),
		header + fmt.Sprintf("A,,%[1]d,,,,,,,,,\nA,Lamp,%[1]d,1,1,5,,,,,,\nA,,,,,,,,,,,\nB,Lamp,%[1]d,999999999.99,0,1000000000,999999.999,9999-12-31,{},false,,\n", category),
		header + "A,Lamp,999999,x,-1,1e9,NaN,2026-02-30,[],maybe,7,\xff\n",
		"sku,item_name,category,price,cost\n\"A\n,\",\"La\"\"mp\",Lamps,1.00,1.00\n\"B,unclosed,1,1,1\nC,Chair,Lamps,2.00,1.00\n",
		"sku,description\n" + strings.Repeat("A", 200) + "," + strings.Repeat("é", 20001) + "\n" + strings.Repeat("B,x\n", 1200),
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		shop := world.For(t)
		var vendorID int64
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			insert into catalog.vendors (vendor_name, region) values (gen_random_uuid()::text, 'PT') returning id`).Scan(&vendorID); err != nil {
			t.Fatal(err)
		}
		if file == "" {
			shop.Vendor(vendorID).Post("/api/catalog/imports", file, "Content-Type", "text/csv").WantProblem(http.StatusBadRequest, "malformed_body")
			return
		}
		tried := importNow(t, shop, vendorID, "?dry_run=true", file)
		first := importNow(t, shop, vendorID, "", file)
		again := importNow(t, shop, vendorID, "", file)
		if first.State != tried.State || first.RowsRead != tried.RowsRead || first.RowsCreated != tried.RowsCreated ||
			first.RowsRejected != tried.RowsRejected || first.ProblemsFound != tried.ProblemsFound {
			t.Errorf("the trial told %+v, and the import is %+v", tried, first)
		}
		if first.RowsUpdated != 0 || again.RowsCreated != 0 || again.RowsUpdated != first.RowsCreated || again.RowsRejected != first.RowsRejected {
			t.Errorf("imported once: %+v; twice: %+v", first, again)
		}
		if first.State == "succeeded" && (first.Position != int64(len(file)) || first.Bytes != first.Position) {
			t.Errorf("the import ended at %d of %d bytes, of %d that were sent", first.Position, first.Bytes, len(file))
		}
		var products, unexplained, refused int64
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			select
				count(*),
				count(*) filter (where stock.on_hand <> coalesce((
					select sum(on_hand_delta) from catalog.stock_ledger where product_id = product.id
				), 0)),
				(
					select count(*)
					from catalog.import_problems
					inner join catalog.imports on imports.id = import_id
					where imports.vendor_id = $1 and problems @> '[{"message": "the shop cannot keep what is in it"}]'
				)
			from catalog.products as product
			inner join catalog.stock on stock.product_id = product.id
			where product.vendor_id = $1`, vendorID).Scan(&products, &unexplained, &refused); err != nil {
			t.Fatal(err)
		}
		if products != first.RowsCreated || unexplained != 0 || refused != 0 {
			t.Errorf("%d products of %d created rows, %d with stock that is not in the ledger, %d rows refused by the database",
				products, first.RowsCreated, unexplained, refused)
		}
	})
}

// importNow imports a file by the activity of the workflow, without the workflow: nobody else works on it.
func importNow(t *testing.T, shop *apitest.Shop, vendorID int64, query, file string) shopdb.CatalogImport {
	t.Helper()
	sent := shop.Vendor(vendorID).Post("/api/catalog/imports"+query, file, "Content-Type", "text/csv").Want(http.StatusAccepted)
	id := uuid.MustParse(apitest.Decode[imported](sent).ID)
	var suite testsuite.WorkflowTestSuite
	steps := &activities.Imports{DB: shop.Deps.DB}
	for range 1000 {
		environment := suite.NewTestActivityEnvironment()
		environment.RegisterActivity(steps)
		got, err := environment.ExecuteActivity(steps.Take, id)
		if err != nil {
			t.Fatalf("take rows of %q: %v", file, err)
		}
		var progress activities.ImportProgress
		if err := got.Get(&progress); err != nil {
			t.Fatal(err)
		}
		if progress.Done {
			ended, err := shop.Deps.DB.Import(t.Context(), id, nil)
			if err != nil {
				t.Fatal(err)
			}
			return ended
		}
	}
	t.Fatalf("the import of %q does not end", file)
	return shopdb.CatalogImport{}
}

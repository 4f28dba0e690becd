package worker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mercado/api/apitest"
	"mercado/worker/workertest"
)

type imported struct {
	ID           string  `json:"id"`
	State        string  `json:"state"`
	Error        *string `json:"error"`
	RowsRead     int64   `json:"rows_read"`
	RowsCreated  int64   `json:"rows_created"`
	RowsUpdated  int64   `json:"rows_updated"`
	RowsRejected int64   `json:"rows_rejected"`
	Items        []struct {
		Line           int64
		Field, Message string
	} `json:"items"`
}

func importFile(t *testing.T, client *apitest.Client, query, file string) imported {
	t.Helper()
	id := apitest.Decode[imported](client.Post("/api/catalog/imports"+query, file, "Content-Type", "text/csv").Want(http.StatusAccepted)).ID
	var ended imported
	workertest.Await(t, "the import to end", func() bool {
		ended = apitest.Decode[imported](client.Get("/api/catalog/imports/" + id + "?limit=100").Want(http.StatusOK))
		return ended.State == "succeeded" || ended.State == "failed"
	})
	return ended
}

func TestGoodRowsAreImportedAndBadOnesNamed(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor, other, category := shop.NewVendor(), shop.NewVendor(), shop.NewCategory(0)
	file := fmt.Sprintf("sku,item_name,category_id,price,cost,stock,brand\r\n"+
		"A,Lamp,%[1]d,10.00,4.00,5,Acme\r\nB,Chair,%[1]d,x,4.00,5,\r\nC,Table,999999,10.00,4.00,5,\r\n"+
		"A,Lamp again,%[1]d,1.00,1.00,1,\r\nD,,%[1]d,10.00,4.00,,\r\nE,\"Mug, blue\",%[1]d,3.00,1.00,,\r\n", category)
	want := "3 price, 4 category_id, 5 sku, 6 item_name"
	for _, dry := range []bool{true, false} {
		got := importFile(t, shop.Vendor(vendor), fmt.Sprintf("?dry_run=%v", dry), file)
		var wrong []string
		for _, item := range got.Items {
			wrong = append(wrong, fmt.Sprintf("%d %s", item.Line, item.Field))
		}
		if got.State != "succeeded" || got.RowsRead != 6 || got.RowsCreated != 2 || got.RowsRejected != 4 || strings.Join(wrong, ", ") != want {
			t.Errorf("dry run %v: %+v", dry, got)
		}
		var products int
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.products").Scan(&products); err != nil || products != map[bool]int{true: 0, false: 2}[dry] {
			t.Errorf("dry run %v: %d products, %v", dry, products, err)
		}
	}
	again := importFile(t, shop.Vendor(vendor), "", fmt.Sprintf("sku,price,vendor_id,brand\nA,12.00,%d,\nE,1.00,%d,\nF,1.00,,\n", vendor, other))
	if again.RowsUpdated != 1 || again.RowsRejected != 2 {
		t.Errorf("again: %+v", again)
	}
	var price, brand string
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select price::text, brand from catalog.products where sku = 'A'").Scan(&price, &brand); err != nil || price != "12.00" || brand != "" {
		t.Errorf("A costs %s of %q, %v", price, brand, err)
	}
	if failed := importFile(t, shop.Admin(), "", "sku,colour\nA,red\n"); failed.State != "failed" || failed.Error == nil {
		t.Errorf("a wrong header: %+v", failed)
	}
	shop.Admin().Post("/api/catalog/imports", "x", "Content-Type", "application/json").WantProblem(http.StatusUnsupportedMediaType, "unsupported_media_type")
	shop.Vendor(other).Get("/api/catalog/imports/"+again.ID).WantProblem(http.StatusNotFound, "not_found")
}

func TestAKilledImportNeitherLosesNorDoubles(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t)
	shop.NewProducts(1, 1)
	const rows = 20000
	var file strings.Builder
	file.WriteString("sku,item_name,category,price,cost,stock\n")
	for i := range rows {
		fmt.Fprintf(&file, "S%d,Product of an import %d,Category,10.00,1.00,3\n", i, i)
	}
	admin := shop.Client("--role", "admin")
	id := apitest.Decode[imported](admin.Post("/api/catalog/imports?vendor_id=1", file.String(), "Content-Type", "text/csv").Want(http.StatusAccepted)).ID
	read := func() (position int64, state string) {
		if err := shop.DB.Pool.QueryRow(t.Context(), "select rows_read, state from catalog.imports where id = $1", id).Scan(&position, &state); err != nil {
			t.Fatal(err)
		}
		return position, state
	}
	for _, until := range []int64{1, rows / 2} {
		workertest.Await(t, "the import to be under way", func() bool { done, _ := read(); return done >= until })
		shop.Kill("worker", "api")
		if done, state := read(); done >= rows || state != "running" {
			t.Fatalf("killed too late: %d rows, %s", done, state)
		}
		shop.Start("api", "worker")
	}
	workertest.Await(t, "the import to end", func() bool { _, state := read(); return state == "succeeded" })
	var products, units, ledger int64
	err := shop.DB.Pool.QueryRow(t.Context(), `
		select count(*), sum(on_hand), (select sum(on_hand_delta) from catalog.stock_ledger where reference_type = 'import')
		from catalog.products inner join catalog.stock on stock.product_id = products.id where sku is not null`).Scan(&products, &units, &ledger)
	if done, _ := read(); err != nil || products != rows || units != 3*rows || ledger != units || done != rows {
		t.Errorf("%d products, %d units, %d in the ledger, %d rows, %v", products, units, ledger, done, err)
	}
}

// TestNoCellStopsAnImport puts what is hard to store into every column, a row each: a row that the database
// cannot take would be tried for ever.
func TestNoCellStopsAnImport(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	cells := []string{
		"", "0", "-1", "1e9", "NaN", "Infinity", "999999999", "999999999.99", "1000000000", "0.001", "9223372036854775807", "92233720368547758070",
		"4611686018427387904", "null", "true", "{}", "[]", `{"a":1e400}`, `{"a":1e308}`, `{"a":"\u0000"}`, `{"a":"\ud800"}`, `{"":{"\u0000":1}}`,
		`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", strings.Repeat("𝄞", 100), strings.Repeat("𝄞", 300),
		"0000-01-01", "1000-01-01", "9999-12-31", "2026-02-30", "\u202e", "\ufeff", "'; drop table catalog.products; --", "\\", "\\N", "a\nb", "%s%n", "\ufffe",
	}
	columns := []string{"sku", "item_name", "category_id", "price", "cost", "vendor_id", "description", "category", "brand", "model", "stock", "weight_kg", "dimensions", "launch_date", "attributes", "is_active"}
	var file strings.Builder
	file.WriteString(strings.Join(columns, ",") + "\n")
	rows := int64(0)
	for at := range columns {
		for _, cell := range cells {
			row := make([]string, len(columns))
			rows++
			copy(row, []string{fmt.Sprintf("S%d", rows), "Lamp", fmt.Sprint(category), "1.00", "1.00"})
			row[at] = cell
			for i := range row {
				row[i] = `"` + strings.ReplaceAll(row[i], `"`, `""`) + `"`
			}
			file.WriteString(strings.Join(row, ",") + "\n")
		}
	}
	got := importFile(t, shop.Vendor(vendor), "", file.String())
	if got.State != "succeeded" || got.RowsRead != rows || got.RowsCreated == 0 || got.RowsRejected == 0 || got.RowsCreated+got.RowsUpdated+got.RowsRejected != rows {
		t.Errorf("of %d rows: %+v", rows, got)
	}
	deep := any(1)
	for range 9000 {
		deep = []any{deep}
	}
	shop.Vendor(vendor).Post("/api/catalog/products", map[string]any{
		"category_id": category, "item_name": "Lamp", "price": "1.00", "cost": "1.00", "attributes": map[string]any{"a": deep},
	}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
}

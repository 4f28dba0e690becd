package worker_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"mercado/api/apitest"
	"mercado/internal/store"
	"mercado/worker/workertest"
	"mercado/workflows"
)

type imported struct {
	ID           string  `json:"id"`
	State        string  `json:"state"`
	Error        *string `json:"error"`
	RowsRead     int64   `json:"rows_read"`
	RowsCreated  int64   `json:"rows_created"`
	RowsUpdated  int64   `json:"rows_updated"`
	RowsRejected int64   `json:"rows_rejected"`
	Problems     int64   `json:"problems"`
	Percent      int64   `json:"percent"`
	Items        []struct {
		Line           int64
		Field, Message string
	} `json:"items"`
}

func importFile(t *testing.T, sender *apitest.Client, query, file string) imported {
	t.Helper()
	id := apitest.Decode[imported](sender.Post("/api/catalog/imports"+query, file, "Content-Type", "text/csv").Want(http.StatusAccepted)).ID
	var ended imported
	workertest.Await(t, "the import to end", func() bool {
		ended = apitest.Decode[imported](sender.Get("/api/catalog/imports/" + id + "?limit=100").Want(http.StatusOK))
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
	for reader, want := range map[*apitest.Client]int{shop.Vendor(other): 0, shop.Vendor(vendor): 3, shop.Admin(): 4} {
		listed := apitest.Decode[struct{ Items []imported }](reader.Get("/api/catalog/imports").Want(http.StatusOK)).Items
		if len(listed) != want {
			t.Errorf("%d imports are listed, want %d: %+v", len(listed), want, listed)
		}
	}
	// Of one that is over, what it has found is kept, and neither its file nor what it remembered of it.
	var imports, parts, keys int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select
			(select count(*) from catalog.imports), (select count(*) from catalog.import_parts),
			(select count(*) from catalog.import_keys)`).Scan(&imports, &parts, &keys); err != nil || imports != 4 || parts != 0 || keys != 0 {
		t.Errorf("%d imports have left %d parts of files and %d keys, %v", imports, parts, keys, err)
	}
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

// TestEveryBadRowIsReported imports a file with 20,000 bad lines, some of them wrong twice and a good one
// now and then, and reads what is wrong to the last page.
func TestEveryBadRowIsReported(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor, category := shop.Vendor(shop.NewVendor()), shop.NewCategory(0)
	const bad = 20_000
	var file strings.Builder
	var want []string
	file.WriteString("sku,item_name,category_id,price,cost\n")
	line, good := 1, 0
	for i := range bad {
		line++
		price, cost := "x", "1.00"
		if want = append(want, fmt.Sprintf("%d price", line)); i%9 == 0 {
			cost = "y"
			want = slices.Insert(want, len(want)-1, fmt.Sprintf("%d cost", line))
		}
		fmt.Fprintf(&file, "B%d,Lamp,%d,%s,%s\n", i, category, price, cost)
		if i%1300 == 0 {
			line, good = line+1, good+1
			fmt.Fprintf(&file, "G%d,Lamp,%d,1.00,1.00\n", i, category)
		}
	}
	ended := importFile(t, vendor, "", file.String())
	if ended.State != "succeeded" || ended.RowsRejected != bad || ended.RowsCreated != int64(good) || ended.Problems != int64(len(want)) {
		t.Errorf("%s: %d rows rejected and %d created, %d problems; want %d, %d and %d",
			ended.State, ended.RowsRejected, ended.RowsCreated, ended.Problems, bad, good, len(want))
	}
	var got []string
	for cursor := ""; ; {
		page := apitest.Decode[struct {
			Items []struct {
				Line           int64
				Field, Message string
			}
			NextCursor string `json:"next_cursor"`
		}](vendor.Get("/api/catalog/imports/" + ended.ID + "?limit=100" + cursor).Want(http.StatusOK))
		for _, item := range page.Items {
			got = append(got, fmt.Sprintf("%d %s", item.Line, item.Field))
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d problems are listed, from %v to %v, want %d", len(got), got[:min(3, len(got))], got[max(0, len(got)-3):], len(want))
	}
	var written, sent int64
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select sum(pg_column_size(problems)), $1::bigint from catalog.import_problems", file.Len()).Scan(&written, &sent); err != nil || written > sent {
		t.Errorf("the problems of a file of %d bytes take %d, %v", sent, written, err)
	}
}

// TestARowThatTheDatabaseRefusesIsRefusedAlone has the database refuse a few rows for a reason that nobody
// looks for.
func TestARowThatTheDatabaseRefusesIsRefusedAlone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	shop.Exec("alter table catalog.products add constraint products_lucky check (item_name <> 'Unlucky')")
	const rows = 1200
	var file strings.Builder
	file.WriteString("sku,item_name,category_id,price,cost\n")
	for i := range rows {
		name := "Lamp"
		if i == 0 || i == 700 || i == 701 || i == rows-1 {
			name = "Unlucky"
		}
		fmt.Fprintf(&file, "S%d,%s,%d,1.00,1.00\n", i, name, category)
	}
	got := importFile(t, shop.Vendor(vendor), "", file.String())
	var lines []int64
	for _, item := range got.Items {
		lines = append(lines, item.Line)
	}
	if got.State != "succeeded" || got.RowsCreated != rows-4 || !slices.Equal(lines, []int64{2, 702, 703, rows + 1}) {
		t.Errorf("%s: %d created, and lines %d are refused", got.State, got.RowsCreated, lines)
	}
}

// TestAStuckImportIsShownAndTakenUp has the database refuse every row of an import for a while.
func TestAStuckImportIsShownAndTakenUp(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	shop.Exec("alter function catalog.import_batch rename to import_batch_away")
	vendor := shop.NewVendor()
	id := apitest.Decode[imported](shop.Vendor(vendor).Post("/api/catalog/imports", "sku\nA\n", "Content-Type", "text/csv").Want(http.StatusAccepted)).ID
	type stuck struct {
		Kind, ID string
		OrderID  *string `json:"order_id"`
		Links    struct{ Import, Resume, Workflow string }
	}
	listed := func() []stuck {
		return apitest.Decode[struct{ Items []stuck }](shop.Admin().Get("/api/admin/stuck").Want(http.StatusOK)).Items
	}
	if early := listed(); len(early) != 0 {
		t.Errorf("an import that has just begun is stuck: %+v", early)
	}
	shop.Exec("update catalog.imports set updated_at = now() - interval '1 hour'")
	found := listed()
	if len(found) != 1 || found[0].Kind != "import" || found[0].ID != id || found[0].OrderID != nil ||
		found[0].Links.Import != "/api/catalog/imports/"+id || !strings.HasSuffix(found[0].Links.Workflow, "import%2F"+id) {
		t.Fatalf("stuck are %+v", found)
	}
	workertest.Await(t, "its step to fail", func() bool {
		running, err := workflows.Describe(t.Context(), shop.Deps.Temporal, workflows.ImportID(uuid.MustParse(id)))
		return err == nil && running.Running() && len(running.Pending) == 1 && running.Pending[0].Attempt > 3
	})
	shop.Exec("alter function catalog.import_batch_away rename to import_batch")
	shop.Admin().Post(found[0].Links.Resume, nil).Want(http.StatusOK)
	workertest.Await(t, "the import to end", func() bool {
		return apitest.Decode[imported](shop.Vendor(vendor).Get("/api/catalog/imports/"+id).Want(http.StatusOK)).State == "succeeded"
	})
	shop.Admin().Post(found[0].Links.Resume, nil).WantProblem(http.StatusConflict, "nothing_to_resume")
	if left := listed(); len(left) != 0 {
		t.Errorf("still stuck: %+v", left)
	}
}

// TestImportNobodyStartedIsFound has the API die when it has kept a file and told nobody.
func TestImportNobodyStartedIsFound(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor, id := shop.NewVendor(), uuid.Must(uuid.NewV7())
	kept := store.NewImport{ID: id, VendorID: &vendor, Unfinished: 1}
	if err := shop.Deps.DB.AddImport(t.Context(), kept, strings.NewReader("sku\nA\n")); err != nil {
		t.Fatal(err)
	}
	workertest.Await(t, "the import to end", func() bool {
		return apitest.Decode[imported](shop.Vendor(vendor).Get("/api/catalog/imports/"+id.String()).Want(http.StatusOK)).State == "succeeded"
	})
}

// TestOldImportsAreForgotten takes away what ended long ago or was never received whole, and nothing else.
func TestOldImportsAreForgotten(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.KeepImports(time.Hour))
	vendor := shop.Vendor(shop.NewVendor())
	old := importFile(t, vendor, "", "sku\n"+strings.Repeat("A\n", 150)).ID
	recent := importFile(t, vendor, "", "sku\nA\n").ID
	shop.Exec("update catalog.imports set finished_at = now() - interval '61 minutes' where id = $1", old)
	shop.Exec("update catalog.imports set finished_at = now() - interval '30 minutes' where id = $1", recent)
	shop.Exec(`
		insert into catalog.imports (id, dry_run, updated_at) values
		($1, false, now() - interval '61 minutes'), ($2, false, now() - interval '30 minutes')`, uuid.New(), uuid.New())
	schedule := shop.Deps.Temporal.ScheduleClient().GetHandle(t.Context(), shop.World.Temporal.TaskQueuePrefix+"forget-imports")
	workertest.Await(t, "the schedule to be made, and to come due", func() bool {
		return schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE}) == nil
	})
	left := func() (imports int) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.imports").Scan(&imports); err != nil {
			t.Fatal(err)
		}
		return imports
	}
	workertest.Await(t, "what is old to be taken away", func() bool { return left() <= 2 })
	vendor.Get("/api/catalog/imports/"+old).WantProblem(http.StatusNotFound, "not_found")
	vendor.Get("/api/catalog/imports/" + recent).Want(http.StatusOK)
	var problems, receiving int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select count(*), (select count(*) from catalog.imports where state = 'receiving')
		from catalog.import_problems where import_id = $1`, old).Scan(&problems, &receiving); err != nil || problems != 0 || receiving != 1 {
		t.Errorf("%d problems of the old one are left, and %d files being received, %v", problems, receiving, err)
	}
}

// TestALargeImportTakesLittleMemory sends a file of a hundred thousand rows and some 60 MB: neither
// the process that receives it nor the one that takes its rows grows by as much, and its progress can be
// watched.
func TestALargeImportTakesLittleMemory(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t, "GOGC=20") // what is kept counts, and not what waits to be collected
	shop.NewProducts(1, 1)
	admin := shop.Client("--role", "admin")
	file := func(prefix string, rows int) string {
		var text strings.Builder
		text.WriteString("sku,item_name,category,price,cost,description\n")
		describe := strings.Repeat("A lamp that gives light. ", 22)
		for i := range rows {
			fmt.Fprintf(&text, "%s%d,Lamp %d,Category,10.00,1.00,%s\n", prefix, i, i, describe)
		}
		return text.String()
	}
	finish := func(rows int, text string) (watched bool) {
		id := apitest.Decode[imported](admin.Post("/api/catalog/imports?vendor_id=1", text, "Content-Type", "text/csv").Want(http.StatusAccepted)).ID
		var now imported
		for seen := int64(0); now.State != "succeeded"; seen = now.RowsRead {
			workertest.Await(t, "the import to get on", func() bool {
				now = apitest.Decode[imported](admin.Get("/api/catalog/imports/" + id).Want(http.StatusOK))
				watched = watched || (now.State == "running" && now.Percent > 0 && now.Percent < 100 && now.RowsRead > 0)
				return now.RowsRead > seen || now.State == "succeeded"
			})
		}
		if now.RowsCreated != int64(rows) {
			t.Errorf("%d of %d rows were created", now.RowsCreated, rows)
		}
		return watched
	}
	finish(2000, file("small", 2000)) // what any import takes
	before := map[string]int64{"api": shop.PeakMemory("api"), "worker": shop.PeakMemory("worker")}
	const rows = 100_000
	large := file("large", rows)
	if !finish(rows, large) {
		t.Error("its progress was not seen")
	}
	for name, least := range before {
		grown := shop.PeakMemory(name) - least
		t.Logf("%s grew from %d by %d KiB for a file of %d KiB", name, least>>10, grown>>10, len(large)>>10)
		if grown > int64(len(large))*3/4 {
			t.Errorf("%s grew by %d bytes for a file of %d", name, grown, len(large))
		}
	}
}

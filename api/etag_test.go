package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mercado/api"
	"mercado/api/apitest"
)

func TestWhatIsStillRightIsNotSentAgain(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	id := shop.NewProduct(vendor, category, "5.00", 3)
	product := fmt.Sprintf("/api/catalog/products/%d", id)
	for _, path := range []string{
		product, "/api/catalog/products", "/api/catalog/products?sort=price&limit=5", "/api/catalog/categories", "/api/catalog/categories/tree", "/api/catalog/vendors",
		fmt.Sprintf("/api/catalog/categories/%d", category), fmt.Sprintf("/api/catalog/vendors/%d", vendor),
	} {
		first := shop.Anyone().Get(path).Want(http.StatusOK)
		etag := first.Header.Get("ETag")
		if !strings.HasPrefix(etag, `"`) || first.Header.Get("Vary") != "Authorization" || first.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", path, first.Header)
		}
		for _, header := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			again := shop.Anyone().Do("GET", path, nil, "If-None-Match", header).Want(http.StatusNotModified)
			if len(again.Body) != 0 || again.Header.Get("ETag") != etag || again.Header.Get("Vary") != "Authorization" {
				t.Errorf("%s, %s: %v %s", path, header, again.Header, again.Body)
			}
		}
		shop.Anyone().Do("GET", path, nil, "If-None-Match", `"other"`).Want(http.StatusOK)
		if own := shop.Vendor(vendor).Get(path).Want(http.StatusOK); own.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s, signed in: %v", path, own.Header)
		}
	}
	for _, path := range []string{product, "/api/catalog/products"} {
		seen := shop.Anyone().Get(path).Header.Get("ETag")
		if own := shop.Vendor(vendor).Do("GET", path, nil, "If-None-Match", seen).Want(http.StatusOK); !strings.Contains(string(own.Body), "cost") {
			t.Errorf("its vendor is told at %s that nothing has changed, or not the cost: %s", path, own.Body)
		}
		shop.Vendor(shop.NewVendor()).Do("GET", path, nil, "If-None-Match", seen).Want(http.StatusNotModified)
		// What others buy changes what is shown.
		shop.Admin().Post(product+"/inventory", map[string]any{"delta": 1, "reason": "restock"}).Want(http.StatusCreated)
		shop.Anyone().Do("GET", path, nil, "If-None-Match", seen).Want(http.StatusOK)
	}
}

func TestAChangeIsForTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	id := shop.NewProduct(vendor, category, "5.00", 3)
	admin := shop.Admin()
	for path, change := range map[string]map[string]any{
		fmt.Sprintf("/api/catalog/products/%d", id):         {"item_name": "Changed"},
		fmt.Sprintf("/api/catalog/categories/%d", category): {"description": "Changed"},
		fmt.Sprintf("/api/catalog/vendors/%d", vendor):      {"region": "ES"},
	} {
		read := admin.Get(path).Want(http.StatusOK).Header.Get("ETag")
		public := shop.Anyone().Get(path).Want(http.StatusOK).Header.Get("ETag")
		changed := admin.Patch(path, change, "If-Match", read).Want(http.StatusOK).Header.Get("ETag")
		for _, stale := range []string{
			read, public, `"other"`, "W/" + changed, `"0"`, `"99999999999999999999"`, `""`, `"`, "1",
			`"+` + changed[1:], `"0` + changed[1:], `" ` + changed[1:], // numbers of the version, and no tags of it
		} {
			admin.Patch(path, change, "If-Match", stale).WantProblem(http.StatusPreconditionFailed, "version_mismatch")
			admin.Do("DELETE", path, nil, "If-Match", stale).WantProblem(http.StatusPreconditionFailed, "version_mismatch")
		}
		for _, good := range []string{changed, "*", ""} {
			changed = admin.Patch(path, change, "If-Match", good).Want(http.StatusOK).Header.Get("ETag")
		}
		changed = admin.Patch(path, change, "If-Match", `"other", `+changed).Want(http.StatusOK).Header.Get("ETag")
		admin.Do("DELETE", path, nil, "If-Match", changed).Want(http.StatusNoContent)
		for _, header := range []string{"*", `"1"`} {
			admin.Patch(path[:strings.LastIndex(path, "/")]+"/999999", change, "If-Match", header).WantProblem(http.StatusNotFound, "not_found")
		}
	}
	// To another vendor the product does not exist, whatever version they name.
	shop.Vendor(shop.NewVendor()).Patch(fmt.Sprintf("/api/catalog/products/%d", id), map[string]any{"price": "1"}, "If-Match", `"1"`).
		WantProblem(http.StatusNotFound, "not_found")
}

// What somebody buys is no change of the product: the vendor who edits it is not told to begin anew.
func TestSalesDoNotDisturbAnEdit(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := shop.NewVendor()
	path := fmt.Sprintf("/api/catalog/products/%d", shop.NewProduct(vendor, shop.NewCategory(0), "5.00", 3))
	read := shop.Vendor(vendor).Get(path).Header.Get("ETag")
	shop.Admin().Post(path+"/inventory", map[string]any{"delta": -3, "reason": "shrinkage"}).Want(http.StatusCreated)
	shop.Vendor(vendor).Patch(path, map[string]any{"price": "6.00"}, "If-Match", read).Want(http.StatusOK)
}

func TestOneOfManyEditsOfAVersionWins(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	path := fmt.Sprintf("/api/catalog/products/%d", shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3))
	etag := shop.Admin().Get(path).Header.Get("ETag")
	var editors sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		client := shop.Admin()
		editors.Go(func() {
			statuses[i] = client.Patch(path, map[string]any{"model": fmt.Sprint(i)}, "If-Match", etag).Status
		})
	}
	editors.Wait()
	won := 0
	for _, status := range statuses {
		switch status {
		case http.StatusOK:
			won++
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("answered %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d edits of the same version were made", won, len(statuses))
	}
}

func TestNullClearsAndAbsenceKeeps(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id := named(shop, shop.NewVendor(), shop.NewCategory(0), "Lamp", map[string]any{
		"sku": "L-1", "weight_kg": 1.5, "dimensions": "1×2", "launch_date": "2026-01-31",
	})
	path := fmt.Sprintf("/api/catalog/products/%d", id)
	type fields struct {
		SKU        *string  `json:"sku"`
		WeightKg   *float64 `json:"weight_kg"`
		Dimensions *string  `json:"dimensions"`
		LaunchDate *string  `json:"launch_date"`
		ItemName   string   `json:"item_name"`
	}
	kept := apitest.Decode[fields](shop.Admin().Patch(path, `{"item_name":null,"model":"x"}`).Want(http.StatusOK))
	if kept.SKU == nil || kept.WeightKg == nil || kept.Dimensions == nil || kept.LaunchDate == nil || kept.ItemName != "Lamp" {
		t.Errorf("what was left out has changed: %+v", kept)
	}
	set := apitest.Decode[fields](shop.Admin().Patch(path, `{"sku":"L-2","weight_kg":2,"dimensions":"3","launch_date":"2026-02-01"}`).Want(http.StatusOK))
	if *set.SKU != "L-2" || *set.WeightKg != 2 || *set.Dimensions != "3" || *set.LaunchDate != "2026-02-01" {
		t.Errorf("set: %+v", set)
	}
	cleared := apitest.Decode[fields](shop.Admin().Patch(path, `{"sku":null,"weight_kg":null,"dimensions":null,"launch_date":null}`).Want(http.StatusOK))
	if cleared != (fields{ItemName: "Lamp"}) {
		t.Errorf("null has left %+v", cleared)
	}
	for _, wrong := range []string{`{"weight_kg":"1"}`, `{"weight_kg":-1}`, `{"launch_date":"x"}`, `{"sku":""}`, `{"sku":" x"}`, `{"dimensions":1}`} {
		shop.Admin().Patch(path, wrong).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
}

func TestSKUIsOfOneProductOfItsVendor(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, other, category := shop.NewVendor(), shop.NewVendor(), shop.NewCategory(0)
	named(shop, vendor, category, "One", map[string]any{"sku": "A"})
	named(shop, other, category, "Another's", map[string]any{"sku": "A"})
	two := named(shop, vendor, category, "Two", nil)
	shop.Admin().Patch(fmt.Sprintf("/api/catalog/products/%d", two), map[string]any{"sku": "A"}).WantProblem(http.StatusConflict, "sku_taken")
	shop.Admin().Post("/api/catalog/products", map[string]any{
		"vendor_id": vendor, "category_id": category, "item_name": "Three", "price": "1", "cost": "1", "sku": "A",
	}).WantProblem(http.StatusConflict, "sku_taken")
}

// TestKeptAnswersAreAtMostASecondOld has a cache, and changes that it cannot know of.
func TestKeptAnswersAreAtMostASecondOld(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, func(deps *api.Deps) { deps.Shop.CatalogueCache = 500 * time.Millisecond })
	id := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3)
	path := fmt.Sprintf("/api/catalog/products/%d", id)
	anyone := shop.Anyone()
	exec := func(sql string) {
		t.Helper()
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), sql, id); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []struct{ sql, want string }{
		{"update catalog.products set price = 7 where id = $1", `"price":"7.00"`},
		{"select catalog.move_stock('restock', array[$1::bigint], array[4::bigint], 'inventory', '')", `"available":7`},
		{"select catalog.hold_stock(gen_random_uuid(), $1, 2, now() + interval '1 hour')", `"available":5`},
	} {
		for _, read := range []string{path, "/api/catalog/products"} {
			anyone.Get(read).Want(http.StatusOK)
		}
		exec(change.sql)
		changed := time.Now()
		for _, read := range []string{path, "/api/catalog/products"} {
			for {
				asked := time.Now()
				if strings.Contains(string(anyone.Get(read).Want(http.StatusOK).Body), change.want) {
					break
				}
				if asked.Sub(changed) > time.Second {
					t.Fatalf("%s lacks %s a second after %s", read, change.want, change.sql)
				}
			}
		}
	}
	// One's own changes are there at once.
	for i := range 20 {
		price := fmt.Sprintf("%d.00", 10+i)
		shop.Admin().Patch(path, map[string]any{"price": price}).Want(http.StatusOK)
		for _, read := range []string{path, "/api/catalog/products"} {
			if answer := anyone.Get(read); !strings.Contains(string(answer.Body), price) {
				t.Fatalf("%s lacks the price %s: %s", read, price, answer.Body)
			}
		}
	}
	shop.Admin().Delete(path).Want(http.StatusNoContent)
	if listed := walk(t, anyone, "/api/catalog/products", 20); len(listed) != 0 {
		t.Errorf("a withdrawn product is listed: %v", listed)
	}
}

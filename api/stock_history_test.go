package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"mercado/api/apitest"
)

type stockBucket struct {
	From                                time.Time
	Opening, In, Out, Closing, Reserved int64
}

// TestStockIsKnownAsOfEveryTime writes a history, and asks for the stock between its entries.
func TestStockIsKnownAsOfEveryTime(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := shop.NewVendor()
	product := shop.NewProduct(vendor, shop.NewCategory(0), "5.00", 0)
	path := fmt.Sprintf("/api/catalog/products/%d/inventory", product)
	exec := func(sql string, arguments ...any) {
		t.Helper()
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), sql, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	for _, entry := range []struct {
		kind             string
		at               time.Duration
		onHand, reserved int64
	}{
		{"initial", time.Hour, 10, 0}, {"reserve", 2 * time.Hour, 0, 4}, {"commit", 26 * time.Hour, -3, -3}, {"adjustment", 27 * time.Hour, -1, 0}, {"restock", 27 * time.Hour, 5, 0},
	} {
		exec(`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at)
			values ($1, $2, $3, $4, 'inventory', $5)`, product, entry.kind, entry.onHand, entry.reserved, day.Add(entry.at))
	}
	exec("update catalog.stock set on_hand = 11, reserved = 1 where product_id = $1", product)
	// The one unit that is still reserved is held by a cart, since yesterday no longer, and nobody has released it.
	exec("insert into catalog.holds (cart_id, product_id, qty, expires_at) values (gen_random_uuid(), $1, 1, $2)", product, day.Add(50*time.Hour))

	for after, want := range map[time.Duration][2]int64{
		0: {0, 0}, time.Hour: {10, 0}, 2*time.Hour - 1: {10, 0}, 3 * time.Hour: {10, 4}, 26 * time.Hour: {7, 1}, 49 * time.Hour: {11, 1}, 50 * time.Hour: {11, 0}, 72 * time.Hour: {11, 0},
	} {
		var now struct {
			OnHand    int64 `json:"on_hand"`
			Reserved  int64 `json:"reserved"`
			Available int64 `json:"available"`
		}
		shop.Vendor(vendor).Get(path + "?as_of=" + url.QueryEscape(day.Add(after).Format(time.RFC3339Nano))).Into(&now)
		if now.OnHand != want[0] || now.Reserved != want[1] || now.Available != want[0]-want[1] {
			t.Errorf("after %s: %+v, want %v", after, now, want)
		}
	}
	series := apitest.Decode[struct{ Items []stockBucket }](shop.Admin().Get(fmt.Sprintf("%s/series?from=%s&to=%s", path,
		url.QueryEscape(day.Add(5*time.Hour).Format(time.RFC3339)), url.QueryEscape(day.Add(73*time.Hour).Format(time.RFC3339)))).Want(http.StatusOK)).Items
	want := []stockBucket{
		{day, 0, 10, 0, 10, 4}, {day.AddDate(0, 0, 1), 10, 5, 4, 11, 1}, {day.AddDate(0, 0, 2), 11, 0, 0, 11, 0}, {day.AddDate(0, 0, 3), 11, 0, 0, 11, 0},
	}
	if fmt.Sprint(series) != fmt.Sprint(want) {
		t.Errorf("day by day: %v, want %v", series, want)
	}
	hours := apitest.Decode[struct{ Items []stockBucket }](shop.Admin().Get(fmt.Sprintf("%s/series?bucket=hour&from=%s&to=%s", path,
		url.QueryEscape(day.Format(time.RFC3339)), url.QueryEscape(day.Add(3*time.Hour).Format(time.RFC3339)))).Want(http.StatusOK)).Items
	if fmt.Sprint(hours) != fmt.Sprint([]stockBucket{{day, 0, 0, 0, 0, 0}, {day.Add(time.Hour), 0, 10, 0, 10, 0}, {day.Add(2 * time.Hour), 10, 0, 0, 10, 4}}) {
		t.Errorf("hour by hour: %v", hours)
	}
	if quiet := apitest.Decode[struct{ Items []stockBucket }](shop.Admin().Get(path + "/series").Want(http.StatusOK)).Items; len(quiet) != 30 || quiet[29].Closing != 11 {
		t.Errorf("the last 30 days: %v", quiet)
	}
	for _, wrong := range []string{
		"?as_of=" + url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339)), "?as_of=yesterday", "/series?from=2030-01-01T00:00:00Z",
		"/series?from=1999-01-01T00:00:00Z", "/series?bucket=hour&from=2020-01-01T00:00:00Z", "/series?bucket=week", "/series?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
	} {
		shop.Admin().Get(path+wrong).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	shop.Vendor(shop.NewVendor()).Get(path+"/series").WantProblem(http.StatusNotFound, "not_found")
}

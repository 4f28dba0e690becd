package worker_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/worker/workertest"
)

// TestVendorsOrdersAreThoseWithLinesOfTheirsThatAreSold has two vendors share an order: each sees it as their own
// lines, revenue and parcel, and what it waits for as far as they can do something about it.
func TestVendorsOrdersAreThoseWithLinesOfTheirsThatAreSold(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	_, shared := buy(shop, "approve", 2, products...)
	parcels := planned(t, shop, shared, 2) // by vendor
	_, other := buy(shop, "approve", 1, products[1])
	planned(t, shop, other, 1)
	unsold := shop.NewBuyer()
	unsold.Put(products[0], 1).Want(http.StatusOK)
	buyBy(unsold, "bank_transfer", uuid.NewString()).Want(http.StatusAccepted)

	type vendorOrder struct {
		ID       uuid.UUID
		Revenue  money.Amount
		Shipment struct{ ID uuid.UUID }
		Items    []struct {
			ItemID     int64        `json:"item_id"`
			TotalPrice money.Amount `json:"total_price"`
		}
	}
	for i, want := range [][]uuid.UUID{{shared}, {other, shared}} {
		vendor := shop.Vendor(vendors[i])
		found := apitest.Decode[struct{ Items []vendorOrder }](vendor.Get("/api/vendor/orders").Want(http.StatusOK)).Items
		if len(found) != len(want) {
			t.Fatalf("vendor %d sees %+v, want %v", i, found, want)
		}
		for at, id := range want {
			if found[at].ID != id {
				t.Errorf("order %d of vendor %d is %s, want %s", at, i, found[at].ID, id)
			}
		}
		last := found[len(found)-1]
		if len(last.Items) != 1 || last.Items[0].ItemID != products[i] || last.Revenue != last.Items[0].TotalPrice || last.Shipment.ID != parcels[i].ID {
			t.Errorf("of the order that they share, vendor %d sees %+v", i, last)
		}
		if waits := timelineOf(vendor, shared).WaitingFor; waits == nil || waits.ID != parcels[i].ID.String() {
			t.Errorf("vendor %d is told that it waits for %+v, want the parcel %s", i, waits, parcels[i].ID)
		}
	}
	// Nobody names another to see more.
	for _, path := range []string{"/api/vendor/orders", "/api/vendor/shipments"} {
		answer := shop.Vendor(vendors[0]).Get(path + "?vendor_id=" + strconv.FormatInt(vendors[1], 10)).Want(http.StatusOK)
		if found := apitest.Decode[struct{ Items []struct{} }](answer).Items; len(found) != 0 {
			t.Errorf("%s of another vendor: %s", path, answer.Body)
		}
	}
}

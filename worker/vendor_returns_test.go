package worker_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// returnsOf are the returns that a vendor is told of, newest first.
func returnsOf(vendor *apitest.Client, query string) []order.Return {
	return apitest.Decode[struct{ Items []order.Return }](vendor.Get("/api/vendor/returns" + query).Want(http.StatusOK)).Items
}

// returnsOfOrder are those that a customer or operator is shown.
func returnsOfOrder(by *apitest.Client, id uuid.UUID) []order.Return {
	return apitest.Decode[struct{ Items []order.Return }](by.Get(orderPath(id, "/returns")).Want(http.StatusOK)).Items
}

// TestVendorLearnsOfTheirReturns by asking, from the order's timeline, and by a webhook: of their own
// lines, and of no other vendor's.
func TestVendorLearnsOfTheirReturns(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	stranger := shop.NewVendor()
	told := []*receiver{newReceiver(t), newReceiver(t), newReceiver(t)}
	for i, vendor := range []int64{vendors[0], vendors[1], stranger} {
		told[i].register(shop.Vendor(vendor), "return.requested", "return.received", "return.rejected", "order.returned")
	}
	buyer, placed := buy(shop, "approve", 2, products...)
	shop.AwaitStatus(placed, order.Delivered)
	send := func(items ...map[string]any) order.Return {
		return apitest.Decode[order.Return](buyer.Post(orderPath(placed, "/returns"), map[string]any{"items": items},
			"Idempotency-Key", uuid.NewString()).Want(http.StatusCreated))
	}
	item := func(at int) map[string]any { return map[string]any{"item_id": products[at], "qty": 1} }
	ofFirst, ofBoth := send(item(0)), send(item(0), item(1))

	for i, want := range [][]uuid.UUID{{ofBoth.ID, ofFirst.ID}, {ofBoth.ID}} {
		vendor := shop.Vendor(vendors[i])
		var found []uuid.UUID
		for _, back := range returnsOf(vendor, "?status=requested") {
			found = append(found, back.ID)
			if len(back.Items) != 1 || back.Items[0].VendorID != vendors[i] || back.OrderID != placed {
				t.Errorf("vendor %d is shown %+v", i, back)
			}
			if one := apitest.Decode[order.Return](vendor.Get("/api/returns/" + back.ID.String()).Want(http.StatusOK)); len(one.Items) != 1 {
				t.Errorf("vendor %d is shown %+v", i, one)
			}
		}
		if !slices.Equal(found, want) {
			t.Errorf("vendor %d is shown %v, want %v", i, found, want)
		}
	}
	shop.Vendor(vendors[1]).Get("/api/returns/"+ofFirst.ID.String()).WantProblem(http.StatusNotFound, "not_found")
	if shown := apitest.Decode[order.Return](buyer.Get("/api/returns/" + ofBoth.ID.String()).Want(http.StatusOK)); len(shown.Items) != 2 {
		t.Errorf("the customer is shown %+v", shown)
	}
	if found := returnsOf(shop.Vendor(stranger), ""); len(found) != 0 {
		t.Errorf("a vendor without lines is shown %+v", found)
	}
	if found := returnsOf(shop.Vendor(stranger), "?vendor_id="+number(vendors[0])); len(found) != 0 {
		t.Errorf("a vendor is shown another's: %+v", found)
	}
	shop.Admin().Get("/api/vendor/returns").WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	if found := returnsOf(shop.Admin(), "?vendor_id="+number(vendors[1])); len(found) != 1 {
		t.Errorf("an operator is shown %+v", found)
	}
	type page struct {
		Items      []order.Return
		NextCursor *string `json:"next_cursor"`
	}
	first := apitest.Decode[page](shop.Vendor(vendors[0]).Get("/api/vendor/returns?limit=1").Want(http.StatusOK))
	if first.NextCursor == nil || first.Items[0].ID != ofBoth.ID {
		t.Fatalf("the first page is %+v", first)
	}
	if second := returnsOf(shop.Vendor(vendors[0]), "?limit=1&cursor="+*first.NextCursor); len(second) != 1 || second[0].ID != ofFirst.ID {
		t.Errorf("the second page is %+v", second)
	}

	shop.Vendor(vendors[0]).Post("/api/returns/"+ofBoth.ID.String()+"/receive", map[string]any{"restock": true}).Want(http.StatusOK)
	if found := returnsOf(shop.Vendor(vendors[0]), "?status=requested"); len(found) != 1 || found[0].ID != ofFirst.ID {
		t.Errorf("the first vendor has still to receive %+v", found)
	}
	if found := returnsOf(shop.Vendor(vendors[0]), "?status=received"); len(found) != 1 || found[0].ID != ofBoth.ID {
		t.Errorf("the first vendor has received %+v", found)
	}
	shop.Admin().Post("/api/returns/"+ofFirst.ID.String()+"/reject", map[string]any{"reason": "worn"}).Want(http.StatusOK)
	shop.Vendor(vendors[1]).Post("/api/returns/"+ofBoth.ID.String()+"/receive", map[string]any{"restock": true}).Want(http.StatusOK)

	for i, want := range [][]string{
		{"return.requested", "return.requested", "return.received", "return.rejected"},
		{"return.requested", "return.received"},
	} {
		told[i].await(want[len(want)-1])
		if types := told[i].types(); !slices.Equal(types, want) {
			t.Errorf("vendor %d is told of %v, want %v", i, types, want)
		}
		for _, one := range told[i].events() {
			if one.Payload.Data.VendorID != vendors[i] || strings.Contains(one.Body, "vendor_ids") || !strings.Contains(one.Body, `"return_id"`) {
				t.Errorf("vendor %d is told %s", i, one.Body)
			}
		}
		var listed []string
		for _, entry := range timelineOf(shop.Vendor(vendors[i]), placed).Items {
			if !strings.HasPrefix(entry.Type, "return.") {
				continue
			}
			listed = append(listed, entry.Type)
			if entry.Data["vendor_id"] != float64(vendors[i]) || entry.Data["vendor_ids"] != nil || entry.Data["return_id"] == nil {
				t.Errorf("vendor %d finds %+v in the timeline", i, entry)
			}
		}
		if !slices.Equal(listed, want) {
			t.Errorf("vendor %d finds %v in the timeline, want %v", i, listed, want)
		}
	}
	if got := told[2].events(); len(got) != 0 {
		t.Errorf("a vendor without lines is told %+v", got)
	}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

package worker_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/worker/workertest"
)

// orderLine is a line of an order in whichever answer; UnitCost is nil where it does not tell.
type orderLine struct {
	OrderID         uuid.UUID     `json:"order_id"`
	ItemID          int64         `json:"item_id"`
	VendorID        int64         `json:"vendor_id"`
	UnitCost        *money.Amount `json:"unit_cost"`
	DiscountPercent *float64      `json:"discount_percent"`
	CreatedAt       time.Time     `json:"created_at"`
}

// TestLinesTellTheirDiscountAndTheirCostToTheirVendor has two vendors' products bought with a discount and
// read by everybody in every answer that has lines. Products of these tests cost 1.00.
func TestLinesTellTheirDiscountAndTheirCostToTheirVendor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	newDiscount(shop, map[string]any{"code": "QUARTER", "kind": "percentage", "percent": 25})
	buyer := shop.NewBuyer()
	body := orderBody(products[0], "approve", "QUARTER")
	body["items"] = []map[string]any{{"item_id": products[0], "qty": 2}, {"item_id": products[1], "qty": 1}}
	key := uuid.NewString()
	place := func() *apitest.Answer {
		return buyer.Post("/api/orders", body, "Idempotency-Key", key).Want(http.StatusCreated)
	}
	first := place()
	placed := apitest.Decode[struct{ ID uuid.UUID }](first).ID
	planned(t, shop, placed, 2)
	sold := saleBody(buyer.ID, "counter", "card", products[0])
	newDiscount(shop, map[string]any{"code": "COUNTER", "kind": "percentage", "percent": 25})
	sold["discount_code"] = "COUNTER"
	sale := shop.Vendor(vendors[0]).Post("/api/sales", sold, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)

	type lines struct{ Items []orderLine }
	ofOrder := func(answer *apitest.Answer) []orderLine { return apitest.Decode[lines](answer).Items }
	ofOrders := func(answer *apitest.Answer) (found []orderLine) {
		for _, one := range apitest.Decode[struct{ Items []lines }](answer.Want(http.StatusOK)).Items {
			found = append(found, one.Items...)
		}
		return found
	}
	own := fmt.Sprintf("/api/orders/%s", placed)
	for name, of := range map[string]struct {
		lines []orderLine
		count int
		costs bool
	}{
		"the buyer's first answer":  {ofOrder(first), 2, false},
		"the buyer's second answer": {ofOrder(place()), 2, false},
		"the buyer's order":         {ofOrder(buyer.Get(own)), 2, false},
		"the buyer's orders":        {ofOrders(buyer.Get("/api/orders")), 3, false},
		"the operator's order":      {ofOrder(shop.Admin().Get(own)), 2, true},
		"the operator's orders":     {ofOrders(shop.Admin().Get("/api/orders")), 3, true},
		"the operator's sales":      {ofOrder(shop.Admin().Get("/api/sales/transactions")), 3, true},
		"the vendor's sale":         {ofOrder(sale), 1, true},
		"the vendor's sales":        {ofOrder(shop.Vendor(vendors[0]).Get("/api/sales/transactions")), 2, true},
		"the vendor's orders":       {ofOrders(shop.Vendor(vendors[0]).Get("/api/vendor/orders")), 2, true},
		"the other vendor's orders": {ofOrders(shop.Vendor(vendors[1]).Get("/api/vendor/orders")), 1, true},
	} {
		if len(of.lines) != of.count {
			t.Errorf("%s: %d lines, want %d", name, len(of.lines), of.count)
		}
		for _, line := range of.lines {
			if (line.UnitCost != nil) != of.costs || (of.costs && *line.UnitCost != 100) {
				t.Errorf("%s: a unit of %d cost %v, told: want %t", name, line.ItemID, line.UnitCost, of.costs)
			}
			if line.DiscountPercent == nil || *line.DiscountPercent != 25 || line.CreatedAt.IsZero() || line.VendorID == 0 {
				t.Errorf("%s: %+v", name, line)
			}
		}
	}
}

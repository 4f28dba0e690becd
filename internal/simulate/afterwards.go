package simulate

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// placed is an order as far as its customer acts on it.
type placed struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Items  []struct {
		ItemID int64 `json:"item_id"`
		Qty    int64 `json:"qty"`
	} `json:"items"`
}

// seeToAnOrder looks at one of the customer's orders, and cancels it, sends it back or reviews it
// where the plan says so and the order is that far.
func (v *visit) seeToAnOrder(ctx context.Context) {
	var page struct {
		Items []placed `json:"items"`
	}
	if !v.ask(ctx, listOrders, listOrders.path, nil).into(&page) || len(page.Items) == 0 {
		return
	}
	order := page.Items[of(v.plan.which, len(page.Items))]
	path := "/api/orders/" + order.ID
	if !v.ask(ctx, getOrder, path, nil).into(&order) || len(order.Items) == 0 {
		return
	}
	v.ask(ctx, getTimeline, path+"/timeline", nil)
	delivered := order.Status == "delivered"
	switch {
	case v.plan.errand == cancelIt && order.Status == "confirmed":
		v.cancel(ctx, path)
	case v.plan.errand == sendItBack && delivered:
		first := order.Items[0]
		got := v.ask(ctx, returnOrder, path+"/returns", map[string]any{
			"items": []map[string]any{{"item_id": first.ItemID, "qty": 1}}, "reason": "changed my mind",
		}, "Idempotency-Key", uuid.NewString())
		v.count(got, func(o *Outcomes) { o.Returned++ })
	case v.plan.errand == reviewIt && delivered:
		product := order.Items[of(v.plan.which, len(order.Items))].ItemID
		got := v.ask(ctx, review, fmt.Sprintf("/api/catalog/products/%d/reviews", product), map[string]any{
			"rating": v.plan.rating, "title": "As described", "comment": "Bought it, used it.", "order_id": order.ID,
		})
		v.count(got, func(o *Outcomes) { o.Reviewed++ })
	}
}

// cancel cancels the whole order at path.
func (v *visit) cancel(ctx context.Context, path string) {
	got := v.ask(ctx, cancelOrder, path+"/cancel", map[string]any{})
	v.count(got, func(o *Outcomes) { o.Cancelled++ })
}

func (v *visit) count(got answer, what func(*Outcomes)) {
	if got.ok() {
		v.record.happened(what)
	}
}

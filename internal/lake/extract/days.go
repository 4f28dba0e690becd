package extract

import (
	"context"
	"fmt"
	"time"

	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
)

// Subjects are what the days of a table of facts are days of.
const (
	Orders  = "orders"  // when the order was placed
	Refunds = "refunds" // when the refund was asked for
	Carts   = "carts"   // when the cart was begun
	Stock   = "stock"   // when the change counts
	Events  = "events"  // when it happened
)

// subjects find the days on which something was written since a baseline. The empty subject is
// that of tables copied whole.
var subjects = map[string]func(q *shopdb.Queries, ctx context.Context, baseline string) ([]time.Time, error){
	"":      nil,
	Orders:  (*shopdb.Queries).ChangedOrderDays,
	Refunds: (*shopdb.Queries).ChangedRefundDays,
	Carts:   (*shopdb.Queries).ChangedCartDays,
	Stock:   (*shopdb.Queries).ChangedStockDays,
	Events:  (*shopdb.Queries).ChangedEventDays,
}

// planDays is, for each subject, the run's interval and the days that changed since the
// baseline. A day is always taken whole, so publishing it is replacing it.
func planDays(ctx context.Context, queries *shopdb.Queries, interval lake.Span, baseline *lake.Mark) (map[string][]lake.Span, error) {
	days := map[string][]lake.Span{}
	for subject, changed := range subjects {
		if changed == nil {
			continue
		}
		spans := []lake.Span{interval}
		if baseline != nil {
			found, err := changed(queries, ctx, baseline.Snapshot)
			if err != nil {
				return nil, fmt.Errorf("days of %s changed since the last publish: %w", subject, err)
			}
			for _, day := range found {
				spans = append(spans, lake.Span{From: lake.DayOf(day), To: lake.DayOf(day) + 1})
			}
		}
		days[subject] = lake.Join(spans...)
	}
	return days, nil
}

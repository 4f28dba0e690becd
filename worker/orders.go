package worker

import (
	"time"

	sdk "go.temporal.io/sdk/worker"

	"mercado/activities"
	"mercado/internal/completion"
	"mercado/internal/payment"
	"mercado/internal/settings"
	"mercado/internal/shipping"
	"mercado/internal/store"
	"mercado/workflows"
)

// Orders is the queue of checkout, fulfilment and refunds. The API hosts it as well as the workers, so that
// it can take the steps of a checkout itself; board tells its requests that theirs has ended. A worker
// has nobody to tell: nil.
func Orders(db *store.DB, shop settings.Shop, board *completion.Board) Queue {
	payments := &activities.Payments{DB: db, Providers: payment.Open(shop)}
	return Queue{
		Name: OrdersQueue,
		// What a worker that was killed had in its memory is waited for no longer than this.
		Options: sdk.Options{StickyScheduleToStartTimeout: 2 * time.Second},
		Register: func(r sdk.Registry) {
			r.RegisterWorkflow(workflows.Checkout)
			r.RegisterWorkflow(workflows.Fulfilment)
			r.RegisterWorkflow(workflows.ImportProducts)
			r.RegisterActivity(&activities.Imports{DB: db})
			r.RegisterWorkflow(workflows.Refund)
			r.RegisterActivity(payments)
			r.RegisterActivity(&activities.Checkout{DB: db, HoldTTL: shop.HoldTTL, TransferPatience: shop.TransferPatience, Board: board})
			r.RegisterActivity(&activities.Fulfilment{
				DB: db, Payments: payments, Carrier: shipping.NewSandbox(shop.CarrierURL),
				PackAfter: shop.PackAfter, ShipAfter: shop.ShipAfter, TrackEvery: shop.TrackEvery,
			})
			r.RegisterActivity(&activities.Refunds{DB: db, Payments: payments})
		},
	}
}

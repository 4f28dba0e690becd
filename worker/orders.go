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

// tasksAtOnce is how many workflow tasks of orders a process works on at once, a few for each of its
// connections to Postgres.
const tasksAtOnce = 64

// Orders is the queue of checkout, fulfilment and refunds. The API hosts it as well as the workers, so that
// it can take the steps of a checkout itself; board tells its requests that theirs has ended. A worker
// has nobody to tell: nil.
func Orders(db *store.DB, shop settings.Shop, board *completion.Board) Queue {
	payments := &activities.Payments{DB: db, Providers: payment.Open(shop), Board: board}
	return Queue{
		Name: OrdersQueue,
		// What a worker that was killed had in its memory is waited for no longer than this.
		//
		// The steps of a checkout are transactions within its workflow task, whose time runs from when it
		// was taken: what there are no connections for is better left with the server.
		Options: sdk.Options{
			StickyScheduleToStartTimeout:            2 * time.Second,
			MaxConcurrentWorkflowTaskExecutionSize:  tasksAtOnce,
			MaxConcurrentLocalActivityExecutionSize: tasksAtOnce,
		},
		Register: func(r sdk.Registry) {
			r.RegisterWorkflow(workflows.Checkout)
			r.RegisterWorkflow(workflows.Fulfilment)
			r.RegisterWorkflow(workflows.ImportProducts)
			r.RegisterActivity(&activities.Imports{DB: db})
			r.RegisterWorkflow(workflows.Refund)
			r.RegisterActivity(payments)
			r.RegisterActivity(&activities.Checkout{DB: db, Payments: payments, HoldTTL: shop.HoldTTL, TransferPatience: shop.TransferPatience})
			r.RegisterActivity(&activities.Fulfilment{
				DB: db, Payments: payments, Carrier: shipping.NewSandbox(shop.CarrierURL),
				PackAfter: shop.PackAfter, ShipAfter: shop.ShipAfter, TrackEvery: shop.TrackEvery,
			})
			r.RegisterActivity(&activities.Refunds{DB: db, Payments: payments})
		},
	}
}

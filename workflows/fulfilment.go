package workflows

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
	"mercado/internal/order"
)

var fulfilmentSteps *activities.Fulfilment

// ParcelSignal tells Fulfilment where a parcel is, as a ParcelMoved.
const ParcelSignal = "parcel-moved"

// ParcelMoved is what the carrier says of one shipment.
type ParcelMoved struct {
	ShipmentID  uuid.UUID `json:"shipment_id"`
	DeliveredAt time.Time `json:"delivered_at"` // zero while it is under way
}

// Fulfilment is the saga that takes a sold order to the customer's door: one shipment for each
// vendor, each packed, labelled, paid for by a capture of its own, and followed until delivered.
func Fulfilment(ctx workflow.Context, orderID uuid.UUID) error {
	f := &fulfilment{orderID: orderID, deliveredAt: map[uuid.UUID]time.Time{}}
	return f.run(ctx)
}

type fulfilment struct {
	orderID     uuid.UUID
	plan        activities.Plan
	deliveredAt map[uuid.UUID]time.Time // by shipment, as the carrier has told
	stages      []string                // of each shipment, for the operator
}

func (f *fulfilment) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "planning shipments")
	err := workflow.ExecuteLocalActivity(step(ctx, "plan a shipment for each vendor"), fulfilmentSteps.Plan, f.orderID).
		Get(ctx, &f.plan)
	if err != nil {
		return err
	}
	f.stages = make([]string, len(f.plan.Shipments))
	workflow.GoNamed(ctx, "listen", f.listen)

	shipments := workflow.NewWaitGroup(ctx)
	for i, shipment := range f.plan.Shipments {
		shipments.Add(1)
		workflow.GoNamed(ctx, fmt.Sprintf("shipment of vendor %d", shipment.VendorID), func(ctx workflow.Context) {
			defer shipments.Done()
			if failed := f.ship(ctx, i, shipment); failed != nil && err == nil {
				err = failed
			}
		})
	}
	shipments.Wait(ctx)
	return err
}

// listen takes what the carrier tells, in whatever order it comes.
func (f *fulfilment) listen(ctx workflow.Context) {
	signals := workflow.GetSignalChannel(ctx, ParcelSignal)
	for {
		var moved ParcelMoved
		signals.Receive(ctx, &moved)
		if !moved.DeliveredAt.IsZero() {
			f.deliveredAt[moved.ShipmentID] = moved.DeliveredAt
		}
	}
}

// ship takes one shipment from the shelf to the door.
func (f *fulfilment) ship(ctx workflow.Context, i int, shipment activities.PlannedShipment) error {
	of := fmt.Sprintf(" the shipment of vendor %d", shipment.VendorID)
	f.stage(ctx, i, "waiting to be packed")
	wait := workflow.NewTimerWithOptions(ctx, f.plan.PackAfter, workflow.TimerOptions{Summary: "give the vendor time to pack"})
	if err := wait.Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.ExecuteLocalActivity(step(ctx, "pack"+of), fulfilmentSteps.Pack, shipment.ID).Get(ctx, nil); err != nil {
		return err
	}
	f.stage(ctx, i, "buying a label")
	if err := workflow.ExecuteActivity(call(ctx, "buy a label for"+of, forEver), fulfilmentSteps.BuyLabel, shipment.ID).Get(ctx, nil); err != nil {
		return err
	}
	f.stage(ctx, i, "capturing its payment")
	err := workflow.ExecuteActivity(call(ctx, "capture the payment of"+of, forEver), fulfilmentSteps.Capture, shipment.ID).Get(ctx, nil)
	if activities.IsCaptureRefused(err) {
		f.stage(ctx, i, "cancelled: the provider refused to pay")
		return f.giveUp(ctx, shipment, of)
	}
	if err != nil {
		return err
	}
	if err := workflow.ExecuteLocalActivity(step(ctx, "ship"+of), fulfilmentSteps.Ship, shipment.ID).Get(ctx, nil); err != nil {
		return err
	}
	f.stage(ctx, i, "with the carrier")
	at, err := f.arrival(ctx, shipment, of)
	if err != nil {
		return err
	}
	if err := workflow.ExecuteLocalActivity(step(ctx, "deliver"+of), fulfilmentSteps.Deliver, shipment.ID, at).Get(ctx, nil); err != nil {
		return err
	}
	f.stage(ctx, i, "delivered")
	return nil
}

// giveUp ends a shipment that is not paid for, and with the last one the order.
func (f *fulfilment) giveUp(ctx workflow.Context, shipment activities.PlannedShipment, of string) error {
	var status order.Status
	err := workflow.ExecuteLocalActivity(step(ctx, "give up"+of), fulfilmentSteps.GiveUp, shipment.ID, order.CaptureRefused).
		Get(ctx, &status)
	if err != nil || status != order.Cancelled {
		return err
	}
	return workflow.ExecuteActivity(call(ctx, "void the payment", forEver), payments.Void, f.orderID).Get(ctx, nil)
}

// slowest is how rarely the carrier is asked about a parcel that takes long.
const slowest = time.Hour

// arrival waits until the carrier has delivered. Normally it tells; it is asked now and then, less
// and less often, in case its word was lost.
func (f *fulfilment) arrival(ctx workflow.Context, shipment activities.PlannedShipment, of string) (time.Time, error) {
	for pause := f.plan.TrackEvery; ; pause = min(2*pause, max(slowest, f.plan.TrackEvery)) {
		timer := workflow.TimerOptions{Summary: "ask the carrier when it has not told of" + of}
		heard, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{Timeout: pause, TimerOptions: timer}, func() bool {
			return !f.deliveredAt[shipment.ID].IsZero()
		})
		if err != nil {
			return time.Time{}, err
		}
		if heard {
			return f.deliveredAt[shipment.ID], nil
		}
		var at time.Time
		err = workflow.ExecuteActivity(call(ctx, "ask the carrier about"+of, forEver), fulfilmentSteps.Track, shipment.ID).Get(ctx, &at)
		if err != nil {
			return time.Time{}, err
		}
		if !at.IsZero() {
			return at, nil
		}
	}
}

// stage tells the operator, in one line, where each shipment is.
func (f *fulfilment) stage(ctx workflow.Context, i int, stage string) {
	f.stages[i] = stage
	details := ""
	for i, shipment := range f.plan.Shipments {
		if i > 0 {
			details += "; "
		}
		details += fmt.Sprintf("vendor %d: %s", shipment.VendorID, f.stages[i])
	}
	workflow.SetCurrentDetails(ctx, details)
}

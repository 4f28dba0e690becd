package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"mercado/activities"
	"mercado/internal/order"
	"mercado/internal/shipping"
)

// shipment is one vendor's part of an order that is being fulfilled.
type shipment struct {
	*fulfilment
	activities.PlannedShipment
	i     int    // in the plan
	of    string // for summaries: " the shipment of vendor 3"
	heard int    // how often it was said to be changed when it was last looked at
}

// run takes the shipment from the shelf to the door, from wherever it stands.
func (s *shipment) run(ctx workflow.Context) error {
	for _, stage := range []struct {
		of []order.ShipmentStatus // those in which it has something to do
		do func(workflow.Context) error
	}{
		{[]order.ShipmentStatus{order.ShipmentPending}, s.pack},
		{[]order.ShipmentStatus{order.ShipmentPacked, order.ShipmentReleased}, s.label},
		{[]order.ShipmentStatus{order.ShipmentPacked}, s.send},
		{[]order.ShipmentStatus{order.ShipmentReleased}, s.charge},
		{[]order.ShipmentStatus{order.ShipmentShipped}, s.follow},
		{[]order.ShipmentStatus{order.ShipmentCancelled}, s.withdraw},
	} {
		if !slices.Contains(stage.of, s.Status) {
			continue
		}
		if err := stage.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pack waits for the vendor to pack, and does it for them when their time is over.
func (s *shipment) pack(ctx workflow.Context) error {
	s.stage(ctx, "waiting to be packed")
	return s.await(ctx, s.plan.PackAfter, "give the vendor time to pack", func(due bool) (done bool, err error) {
		var packing activities.Packing
		err = workflow.ExecuteLocalActivity(step(ctx, "pack"+s.of), fulfilmentSteps.Pack, s.ID, due).Get(ctx, &packing)
		s.Status, s.ByVendor = packing.Status, packing.ByVendor
		return s.Status != order.ShipmentPending, err
	})
}

// label buys the transport; not of what is handed over at once.
func (s *shipment) label(ctx workflow.Context) error {
	if s.Labelled || s.plan.Counter {
		return nil
	}
	s.stage(ctx, "buying a label")
	s.Labelled = true // from now on there may be one
	return workflow.ExecuteActivity(call(ctx, "buy a label for"+s.of, forEver), fulfilmentSteps.BuyLabel, s.ID).Get(ctx, nil)
}

// send has the shipment sent off: by its vendor if they have packed it, unless they take too long.
func (s *shipment) send(ctx workflow.Context) error {
	wait := time.Duration(0)
	if s.ByVendor {
		s.stage(ctx, "waiting to be sent off")
		wait = s.plan.ShipAfter
	}
	return s.await(ctx, wait, "give the vendor time to send it off", func(due bool) (done bool, err error) {
		err = workflow.ExecuteLocalActivity(step(ctx, "release"+s.of), fulfilmentSteps.Release, s.ID, due).Get(ctx, &s.Status)
		return s.Status != order.ShipmentPacked, err
	})
}

// await asks look whether something is done, whenever the shipment was said to have changed, also
// while something else was being done with it; and once more when it is due, after which it is done.
func (s *shipment) await(ctx workflow.Context, patience time.Duration, summary string, look func(due bool) (done bool, err error)) error {
	until := workflow.Now(ctx).Add(patience)
	for {
		left := until.Sub(workflow.Now(ctx))
		if left <= 0 {
			_, err := look(true)
			return err
		}
		options := workflow.AwaitOptions{Timeout: left, TimerOptions: workflow.TimerOptions{Summary: summary}}
		changed, err := workflow.AwaitWithOptions(ctx, options, func() bool { return s.changed[s.ID]+s.all > s.heard })
		if err != nil {
			return err
		}
		s.heard = s.changed[s.ID] + s.all
		if done, err := look(!changed); err != nil || done || !changed {
			return err
		}
	}
}

// charge captures the payment, unless it is captured at another time, and hands the shipment over.
func (s *shipment) charge(ctx workflow.Context) error {
	if s.plan.Capture == activities.WhenShipped {
		captured, err := s.capture(ctx)
		if err != nil || !captured {
			return err
		}
	}
	s.Status = order.ShipmentShipped
	err := workflow.ExecuteLocalActivity(step(ctx, "ship"+s.of), fulfilmentSteps.Ship, s.ID).Get(ctx, nil)
	if err != nil {
		return err
	}
	return s.settle(ctx) // the customer's money is free before the parcel has arrived
}

// capture takes the shipment's amount. One whose payment is refused is given up.
func (s *shipment) capture(ctx workflow.Context) (captured bool, err error) {
	s.stage(ctx, "capturing its payment")
	err = workflow.ExecuteActivity(call(ctx, "capture the payment of"+s.of, forEver), fulfilmentSteps.Capture, s.ID).Get(ctx, nil)
	if !activities.IsCaptureRefused(err) {
		return err == nil, err
	}
	s.Status = order.ShipmentCancelled
	return false, workflow.ExecuteLocalActivity(step(ctx, "give up"+s.of), fulfilmentSteps.GiveUp, s.ID).Get(ctx, nil)
}

// follow waits until the parcel is where it goes.
func (s *shipment) follow(ctx workflow.Context) error {
	where := shipping.Tracking{Status: shipping.Delivered, DeliveredAt: workflow.Now(ctx)}
	if !s.plan.Counter {
		s.stage(ctx, "with the carrier")
		var err error
		if where, err = s.arrival(ctx); err != nil {
			return err
		}
	}
	if where.Status != shipping.Delivered {
		s.stage(ctx, "not delivered: "+string(where.Status))
		s.withdrawn = true
		return workflow.ExecuteLocalActivity(step(ctx, "end, as it will not arrive,"+s.of), fulfilmentSteps.Lose, s.ID, where.Status).Get(ctx, nil)
	}
	if s.plan.Capture == activities.WhenDelivered {
		s.stage(ctx, "booking the cash that was paid at the door")
		err := workflow.ExecuteActivity(call(ctx, "capture the payment of"+s.of, forEver), fulfilmentSteps.Capture, s.ID).Get(ctx, nil)
		if err != nil {
			return err
		}
	}
	err := workflow.ExecuteLocalActivity(step(ctx, "deliver"+s.of), fulfilmentSteps.Deliver, s.ID, where.DeliveredAt).Get(ctx, nil)
	if err == nil {
		s.stage(ctx, "delivered")
	}
	return err
}

// slowest is how rarely the carrier is asked about a parcel that takes long.
const slowest = time.Hour

// arrival waits until the carrier has delivered, or will not. Normally it tells; it is asked now and
// then, less and less often, in case its word was lost.
func (s *shipment) arrival(ctx workflow.Context) (shipping.Tracking, error) {
	for pause := s.plan.TrackEvery; ; pause = min(2*pause, max(slowest, s.plan.TrackEvery)) {
		timer := workflow.TimerOptions{Summary: "ask the carrier when it has not told of" + s.of}
		heard, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{Timeout: pause, TimerOptions: timer}, func() bool {
			_, told := s.told[s.ID]
			return told
		})
		if err != nil {
			return shipping.Tracking{}, err
		}
		if told := s.told[s.ID]; heard {
			return shipping.Tracking{Status: told.Status, DeliveredAt: told.DeliveredAt}, nil
		}
		var where shipping.Tracking
		err = workflow.ExecuteActivity(call(ctx, "ask the carrier about"+s.of, forEver), fulfilmentSteps.Track, s.ID).Get(ctx, &where)
		if err != nil {
			return shipping.Tracking{}, err
		}
		if where.Status == shipping.Delivered || where.Status.Missed() {
			return where, nil
		}
	}
}

// withdraw ends a shipment that was cancelled: its label is given back.
func (s *shipment) withdraw(ctx workflow.Context) error {
	s.withdrawn = true
	if s.Labelled {
		s.stage(ctx, "cancelled: giving its label back")
		err := workflow.ExecuteActivity(call(ctx, "give back the label of"+s.of, forEver), fulfilmentSteps.CancelLabel, s.ID).Get(ctx, nil)
		if err != nil {
			return err
		}
	}
	s.stage(ctx, "cancelled")
	return s.settle(ctx)
}

// stage tells the operator, in one line, where each shipment is.
func (s *shipment) stage(ctx workflow.Context, stage string) {
	s.stages[s.i] = stage
	details := ""
	for i, planned := range s.plan.Shipments {
		if i > 0 {
			details += "; "
		}
		details += fmt.Sprintf("vendor %d: %s", planned.VendorID, s.stages[i])
	}
	workflow.SetCurrentDetails(ctx, details)
}

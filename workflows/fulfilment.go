package workflows

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
	"mercado/internal/shipping"
)

var fulfilmentSteps *activities.Fulfilment

// ParcelSignal tells Fulfilment where a parcel is, as a ParcelMoved.
const ParcelSignal = "parcel-moved"

// ParcelMoved is what the carrier says of one shipment.
type ParcelMoved struct {
	ShipmentID  uuid.UUID       `json:"shipment_id"`
	Status      shipping.Status `json:"status"`
	DeliveredAt time.Time       `json:"delivered_at"` // zero before it is
}

// ShipmentSignal tells Fulfilment that a shipment is not any more what it was in the database: its
// vendor has packed it or sent it off, or somebody has cancelled it. The argument is its id, or the
// zero id for all of them.
const ShipmentSignal = "shipment-changed"

// Fulfilment is the saga that takes a sold order to the customer's door: one shipment for each
// vendor, each packed, labelled, sent off, paid for by a capture of its own, and followed until
// delivered. Vendors act, and people cancel, in the database; the saga does what follows from it.
func Fulfilment(ctx workflow.Context, orderID uuid.UUID) error {
	f := &fulfilment{orderID: orderID, told: map[uuid.UUID]ParcelMoved{}, changed: map[uuid.UUID]int{}}
	return f.run(ctx)
}

type fulfilment struct {
	orderID   uuid.UUID
	plan      activities.Plan
	told      map[uuid.UUID]ParcelMoved // where the carrier has left each shipment
	changed   map[uuid.UUID]int         // how often each shipment was said to be changed
	all       int                       // how often all of them were
	withdrawn bool                      // something was cancelled
	voided    bool                      // nothing is set aside any more, or it is being voided
	stages    []string                  // of each shipment, for the operator
}

func (f *fulfilment) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "planning shipments")
	err := workflow.ExecuteLocalActivity(step(ctx, "plan a shipment for each vendor"), fulfilmentSteps.Plan, f.orderID).
		Get(ctx, &f.plan)
	if err != nil {
		return err
	}
	f.stages = make([]string, len(f.plan.Shipments))
	workflow.GoNamed(ctx, "listen to the carrier", f.listen)
	workflow.GoNamed(ctx, "listen to the shop", f.notice)

	shipments := workflow.NewWaitGroup(ctx)
	for i, planned := range f.plan.Shipments {
		shipments.Add(1)
		s := &shipment{fulfilment: f, i: i, PlannedShipment: planned, of: fmt.Sprintf(" the shipment of vendor %d", planned.VendorID)}
		workflow.GoNamed(ctx, fmt.Sprintf("shipment of vendor %d", planned.VendorID), func(ctx workflow.Context) {
			defer shipments.Done()
			if failed := s.run(ctx); failed != nil && err == nil {
				err = failed
			}
		})
	}
	shipments.Wait(ctx)
	if err != nil {
		return err
	}
	return f.settle(ctx)
}

// listen takes what the carrier tells, in whatever order it comes: delivered is the last word.
func (f *fulfilment) listen(ctx workflow.Context) {
	signals := workflow.GetSignalChannel(ctx, ParcelSignal)
	for {
		var moved ParcelMoved
		signals.Receive(ctx, &moved)
		if !moved.DeliveredAt.IsZero() || (moved.Status.Missed() && f.told[moved.ShipmentID].DeliveredAt.IsZero()) {
			f.told[moved.ShipmentID] = moved
		}
	}
}

// notice takes word of what vendors, customers and operators have done.
func (f *fulfilment) notice(ctx workflow.Context) {
	signals := workflow.GetSignalChannel(ctx, ShipmentSignal)
	for {
		var id uuid.UUID
		signals.Receive(ctx, &id)
		if id == uuid.Nil {
			f.all++
		} else {
			f.changed[id]++
		}
	}
}

// settle voids what is still set aside once nothing is left to capture: the whole payment of an order
// of which nothing was sent, and the rest of one of which something was cancelled.
func (f *fulfilment) settle(ctx workflow.Context) error {
	if f.voided || (!f.withdrawn && len(f.plan.Shipments) > 0) {
		return nil
	}
	var toVoid bool
	err := workflow.ExecuteLocalActivity(step(ctx, "see whether the payment is to be voided"), fulfilmentSteps.ToVoid, f.orderID).
		Get(ctx, &toVoid)
	if err != nil || !toVoid || f.voided {
		return err
	}
	f.voided = true
	return workflow.ExecuteActivity(call(ctx, "void the payment", forEver), payments.Void, f.orderID).Get(ctx, nil)
}

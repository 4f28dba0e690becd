package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"mercado/internal/order"
	"mercado/internal/shipping"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Fulfilment does the steps between a sale and its delivery.
type Fulfilment struct {
	DB         *store.DB
	Payments   *Payments
	Carrier    shipping.Carrier
	PackAfter  time.Duration
	ShipAfter  time.Duration
	TrackEvery time.Duration
}

// Plan is how an order is fulfilled.
type Plan struct {
	Shipments  []PlannedShipment
	PackAfter  time.Duration // a shipment not packed by its vendor by then is packed by itself
	ShipAfter  time.Duration // one that its vendor has packed and not sent off by then goes by itself
	TrackEvery time.Duration // how often the carrier is asked where nothing was heard from it
	Capture    Capture
	Counter    bool // handed over at once: no carrier
}

// Capture is when the payment of a shipment is captured.
type Capture string

// Times of capture, by the method of payment.
const (
	WhenShipped   Capture = "shipped"   // card, wallet
	WhenDelivered Capture = "delivered" // cash on delivery
	BeforeThat    Capture = "before"    // bank transfer, cash: the whole order, before it was confirmed
)

var captures = map[string]Capture{
	"card": WhenShipped, "wallet": WhenShipped, "cash_on_delivery": WhenDelivered, "bank_transfer": BeforeThat, "cash": BeforeThat,
}

// PlannedShipment is one vendor's part of an order, as it stood when it was planned.
type PlannedShipment struct {
	ID       uuid.UUID
	VendorID int64
	Packing
	Labelled bool // there may be a label
}

// counter is the channel of sales that are handed over at once.
const counter = "counter"

// Plan makes a shipment for each vendor of the order, once, and returns those to be seen to: those
// on their way, and those cancelled whose label was not given back.
func (f *Fulfilment) Plan(ctx context.Context, orderID uuid.UUID) (Plan, error) {
	found, err := f.DB.PlanFulfilment(ctx, orderID)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{
		PackAfter: f.PackAfter, ShipAfter: f.ShipAfter, TrackEvery: f.TrackEvery,
		Capture: captures[found.PaymentMethod], Counter: found.Channel == counter,
	}
	if plan.Counter {
		plan.PackAfter, plan.ShipAfter = 0, 0 // the customer has it in their hands
	}
	for _, shipment := range found.Shipments {
		planned := PlannedShipment{
			ID: shipment.ID, VendorID: shipment.VendorID,
			Packing: packingOf(shipment.Status, shipment.PackedBy), Labelled: shipment.TrackingNumber != nil,
		}
		switch planned.Status {
		case order.ShipmentDelivered, order.ShipmentLost, order.ShipmentReturnedToSender:
			continue
		case order.ShipmentCancelled:
			planned.Labelled = planned.Labelled && shipment.LabelCancelledAt == nil
		}
		plan.Shipments = append(plan.Shipments, planned)
	}
	return plan, nil
}

// Packing is where a shipment stands that may have been packed.
type Packing struct {
	Status   order.ShipmentStatus
	ByVendor bool // its vendor has packed it, and will send it off
}

const (
	byShop   = "shop"
	byVendor = "vendor"
)

// Pack packs a shipment whose vendor has had the time to, when due, and tells where it stands: its
// vendor may have been faster, or somebody has cancelled it.
func (f *Fulfilment) Pack(ctx context.Context, shipmentID uuid.UUID, due bool) (Packing, error) {
	if !due {
		shipment, err := f.DB.Shipment(ctx, shipmentID)
		if err != nil {
			return Packing{}, fmt.Errorf("read shipment: %w", err)
		}
		return packingOf(shipment.Status, shipment.PackedBy), nil
	}
	packed, err := f.DB.PackShipment(ctx, shopdb.PackShipmentParams{ID: shipmentID, PackedBy: byShop})
	if err != nil {
		return Packing{}, fmt.Errorf("pack shipment: %w", err)
	}
	return packingOf(packed.Status, packed.PackedBy), nil
}

func packingOf(status string, by *string) Packing {
	return Packing{Status: order.ShipmentStatus(status), ByVendor: by != nil && *by == byVendor}
}

// Release sends a packed shipment off, when due, and tells where it stands. It is the point of no
// return: what is released can no longer be cancelled.
func (f *Fulfilment) Release(ctx context.Context, shipmentID uuid.UUID, due bool) (order.ShipmentStatus, error) {
	if !due {
		shipment, err := f.DB.Shipment(ctx, shipmentID)
		if err != nil {
			return "", fmt.Errorf("read shipment: %w", err)
		}
		return order.ShipmentStatus(shipment.Status), nil
	}
	status, err := f.DB.ReleaseShipment(ctx, shopdb.ReleaseShipmentParams{ID: shipmentID, PackedBy: byShop})
	if err != nil {
		return "", fmt.Errorf("release shipment: %w", err)
	}
	return order.ShipmentStatus(status), nil
}

// BuyLabel buys the shipment's transport from the carrier, once; not for one that was cancelled.
func (f *Fulfilment) BuyLabel(ctx context.Context, shipmentID uuid.UUID) error {
	defer heartbeat(ctx)()
	shipment, err := f.DB.ShipmentToLabel(ctx, shipmentID)
	if err != nil {
		return fmt.Errorf("read shipment: %w", err)
	}
	if order.ShipmentStatus(shipment.Status) == order.ShipmentCancelled {
		return nil
	}
	var to order.Address
	if err := json.Unmarshal(shipment.ShippingAddress, &to); err != nil {
		return fmt.Errorf("read address of shipment %s: %w", shipmentID, err)
	}
	label, err := f.Carrier.BuyLabel(ctx, shipping.Parcel{Reference: shipmentID.String(), To: to})
	if err != nil {
		return fmt.Errorf("buy label: %w", err)
	}
	if err := f.DB.LabelShipment(ctx, shopdb.LabelShipmentParams{
		ID: shipmentID, Carrier: f.Carrier.Name(), TrackingNumber: label.TrackingNumber, LabelUrl: label.URL,
	}); err != nil {
		return fmt.Errorf("keep label: %w", err)
	}
	return nil
}

// CancelLabel gives the label of a cancelled shipment back to the carrier, if there is one. A label
// that the carrier does not take back any more is paid for.
func (f *Fulfilment) CancelLabel(ctx context.Context, shipmentID uuid.UUID) error {
	defer heartbeat(ctx)()
	err := f.Carrier.CancelLabel(ctx, shipmentID.String())
	switch {
	case errors.Is(err, shipping.ErrTooLate):
		activity.GetLogger(ctx).Warn("the carrier does not take a label back", "shipment", shipmentID)
	case err != nil && !errors.Is(err, shipping.ErrNotFound):
		return fmt.Errorf("cancel label: %w", err)
	}
	if err := f.DB.LabelCancelled(ctx, shipmentID); err != nil {
		return fmt.Errorf("keep that the label was cancelled: %w", err)
	}
	return nil
}

// Capture takes the shipment's amount from what was authorised for its order. A shipment that costs
// nothing is not asked for, unless the whole order does: that is the shop's own ledger's business. See
// IsCaptureRefused.
func (f *Fulfilment) Capture(ctx context.Context, shipmentID uuid.UUID) error {
	defer heartbeat(ctx)()
	shipment, err := f.DB.ToCapture(ctx, shipmentID)
	if err != nil {
		return fmt.Errorf("read shipment: %w", err)
	}
	if shipment.Nothing {
		return nil
	}
	return f.Payments.capture(ctx, shipment.OrderID, shipment.ID, shipment.Amount)
}

// GiveUp cancels a shipment whose payment was refused, and puts its goods back on the shelf.
func (f *Fulfilment) GiveUp(ctx context.Context, shipmentID uuid.UUID) error {
	_, err := f.DB.CancelShipment(ctx, store.ShipmentCancellation{
		ShipmentID: shipmentID, Reason: order.CaptureRefused, By: byShop, Restock: true,
	})
	return err
}

// ToVoid tells whether something of the order's payment is still set aside, or may be, and will never
// be captured: the order was cancelled, or what is left of it has been given up.
func (f *Fulfilment) ToVoid(ctx context.Context, orderID uuid.UUID) (bool, error) {
	toVoid, err := f.DB.ToVoid(ctx, orderID)
	if err != nil {
		return false, fmt.Errorf("read payment: %w", err)
	}
	return toVoid, nil
}

// Ship marks a shipment as shipped, and the order with its last one.
func (f *Fulfilment) Ship(ctx context.Context, shipmentID uuid.UUID) error {
	if err := f.DB.ShipShipment(ctx, shipmentID); err != nil {
		return fmt.Errorf("ship shipment: %w", err)
	}
	return nil
}

// Track asks the carrier where the parcel is.
func (f *Fulfilment) Track(ctx context.Context, shipmentID uuid.UUID) (shipping.Tracking, error) {
	defer heartbeat(ctx)()
	shipment, err := f.DB.Shipment(ctx, shipmentID)
	if err != nil {
		return shipping.Tracking{}, fmt.Errorf("read shipment: %w", err)
	}
	if shipment.TrackingNumber == nil || shipment.PackedAt == nil {
		return shipping.Tracking{}, fmt.Errorf("shipment %s has no label", shipmentID)
	}
	tracking, err := f.Carrier.Track(ctx, *shipment.TrackingNumber)
	if err != nil {
		return shipping.Tracking{}, fmt.Errorf("track parcel: %w", err)
	}
	if err := tracking.Check(*shipment.PackedAt, time.Now()); err != nil {
		return shipping.Tracking{}, fmt.Errorf("track parcel: %w", err)
	}
	return tracking, nil
}

// Lose ends a shipment that the carrier has lost or brings back. What was paid for it is refunded.
func (f *Fulfilment) Lose(ctx context.Context, shipmentID uuid.UUID, status shipping.Status) error {
	ending := order.ShipmentLost
	if status == shipping.ReturnedToSender {
		ending = order.ShipmentReturnedToSender
	}
	return f.DB.LoseShipment(ctx, shipmentID, ending)
}

// Deliver marks a shipment as delivered, and the order with its last one.
func (f *Fulfilment) Deliver(ctx context.Context, shipmentID uuid.UUID, at time.Time) error {
	if err := f.DB.DeliverShipment(ctx, shopdb.DeliverShipmentParams{ID: shipmentID, DeliveredAt: at}); err != nil {
		return fmt.Errorf("deliver shipment: %w", err)
	}
	return nil
}

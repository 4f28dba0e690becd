package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

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
	TrackEvery time.Duration
}

// Plan is how an order is fulfilled.
type Plan struct {
	Shipments  []PlannedShipment
	PackAfter  time.Duration // a shipment not packed by its vendor by then is packed by itself
	TrackEvery time.Duration // how often the carrier is asked where nothing was heard from it
}

// PlannedShipment is one vendor's part of an order.
type PlannedShipment struct {
	ID       uuid.UUID
	VendorID int64
}

// Plan makes a shipment for each vendor of the order, once, and returns those to be seen to. Tax and shipping are shared out in
// proportion to the lines, so that the amounts captured add up to the order's total.
func (f *Fulfilment) Plan(ctx context.Context, orderID uuid.UUID) (Plan, error) {
	toShip, err := f.DB.OrderToShip(ctx, orderID)
	if err != nil {
		return Plan{}, fmt.Errorf("read order to ship: %w", err)
	}
	extra := order.Share(toShip.TaxAmount+toShip.ShippingCost, toShip.Totals)
	plan := Plan{PackAfter: f.PackAfter, TrackEvery: f.TrackEvery}
	var planned []shopdb.OrderingShipment
	err = f.DB.InTx(ctx, func(q *shopdb.Queries) error {
		for i, vendor := range toShip.Vendors {
			id, err := uuid.NewV7()
			if err != nil {
				return err
			}
			if err := q.PlanShipment(ctx, shopdb.PlanShipmentParams{
				ID: id, OrderID: orderID, VendorID: vendor,
				Amount: toShip.Totals[i] + extra[i], Currency: toShip.Currency,
			}); err != nil {
				return err
			}
		}
		planned, err = q.ShipmentsOfOrder(ctx, orderID)
		return err
	})
	if err != nil {
		return Plan{}, fmt.Errorf("plan shipments: %w", err)
	}
	for _, shipment := range planned {
		if shipment.Status != "delivered" && shipment.Status != "cancelled" {
			plan.Shipments = append(plan.Shipments, PlannedShipment{ID: shipment.ID, VendorID: shipment.VendorID})
		}
	}
	return plan, nil
}

// Pack marks a shipment as packed.
func (f *Fulfilment) Pack(ctx context.Context, shipmentID uuid.UUID) error {
	if err := f.DB.PackShipment(ctx, shipmentID); err != nil {
		return fmt.Errorf("pack shipment: %w", err)
	}
	return nil
}

// BuyLabel buys the shipment's transport from the carrier, once.
func (f *Fulfilment) BuyLabel(ctx context.Context, shipmentID uuid.UUID) error {
	defer heartbeat(ctx)()
	shipment, err := f.DB.ShipmentToLabel(ctx, shipmentID)
	if err != nil {
		return fmt.Errorf("read shipment: %w", err)
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

// Capture takes the shipment's amount from what was authorised for its order. See IsCaptureRefused.
func (f *Fulfilment) Capture(ctx context.Context, shipmentID uuid.UUID) error {
	defer heartbeat(ctx)()
	shipment, err := f.DB.Shipment(ctx, shipmentID)
	if err != nil {
		return fmt.Errorf("read shipment: %w", err)
	}
	return f.Payments.capture(ctx, shipment.OrderID, shipment.ID, shipment.Amount)
}

// GiveUp cancels a shipment that is not sent, puts its goods back on the shelf, and returns the
// order's status: cancelled when nothing of it was sent.
func (f *Fulfilment) GiveUp(ctx context.Context, shipmentID uuid.UUID, reason order.CancelReason) (order.Status, error) {
	status, err := f.DB.CancelShipment(ctx, shopdb.CancelShipmentParams{ID: shipmentID, Reason: string(reason)})
	if err != nil {
		return "", fmt.Errorf("cancel shipment: %w", err)
	}
	return order.Status(status), nil
}

// Ship marks a shipment as shipped, and the order with its last one.
func (f *Fulfilment) Ship(ctx context.Context, shipmentID uuid.UUID) error {
	if err := f.DB.ShipShipment(ctx, shipmentID); err != nil {
		return fmt.Errorf("ship shipment: %w", err)
	}
	return nil
}

// Track asks the carrier when the parcel was delivered; zero while it is under way.
func (f *Fulfilment) Track(ctx context.Context, shipmentID uuid.UUID) (time.Time, error) {
	defer heartbeat(ctx)()
	shipment, err := f.DB.Shipment(ctx, shipmentID)
	if err != nil {
		return time.Time{}, fmt.Errorf("read shipment: %w", err)
	}
	if shipment.TrackingNumber == nil || shipment.PackedAt == nil {
		return time.Time{}, fmt.Errorf("shipment %s has no label", shipmentID)
	}
	tracking, err := f.Carrier.Track(ctx, *shipment.TrackingNumber)
	if err != nil {
		return time.Time{}, fmt.Errorf("track parcel: %w", err)
	}
	if err := tracking.Check(*shipment.PackedAt, time.Now()); err != nil {
		return time.Time{}, fmt.Errorf("track parcel: %w", err)
	}
	return tracking.DeliveredAt, nil
}

// Deliver marks a shipment as delivered, and the order with its last one.
func (f *Fulfilment) Deliver(ctx context.Context, shipmentID uuid.UUID, at time.Time) error {
	if err := f.DB.DeliverShipment(ctx, shopdb.DeliverShipmentParams{ID: shipmentID, DeliveredAt: at}); err != nil {
		return fmt.Errorf("deliver shipment: %w", err)
	}
	return nil
}

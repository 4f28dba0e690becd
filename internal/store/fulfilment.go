package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// FindShipment gives the shipment with a tracking number, or ErrNotFound.
func (db *DB) FindShipment(ctx context.Context, trackingNumber string) (shopdb.OrderingShipment, error) {
	shipment, err := db.ShipmentByTracking(ctx, trackingNumber)
	return shipment, failed("find shipment", err)
}

// FulfilmentPlan is an order on its way to its customer.
type FulfilmentPlan struct {
	Channel       string
	PaymentMethod string
	Shipments     []shopdb.OrderingShipment // by vendor
}

// PlanFulfilment makes a shipment for each vendor of a sold order, once, and returns them as they
// are. An order that was never sold has no shipments.
func (db *DB) PlanFulfilment(ctx context.Context, orderID uuid.UUID) (plan FulfilmentPlan, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		sold, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: orderID})
		if err != nil {
			return err
		}
		plan = FulfilmentPlan{Channel: sold.Channel, PaymentMethod: sold.PaymentMethod}
		plan.Shipments, err = planShipments(ctx, q, sold)
		return err
	})
	return plan, failed("plan fulfilment", err)
}

// planShipments returns the shipments of an order that is locked, making them where that is left to
// do. A line's tax is its share of the order's, a shipment's shipping its lines' share: what is
// captured adds up to the order's total.
func planShipments(ctx context.Context, q *shopdb.Queries, sold shopdb.LockOrderRow) ([]shopdb.OrderingShipment, error) {
	planned, err := q.ShipmentsOfOrder(ctx, sold.ID)
	if err != nil || len(planned) > 0 || order.Status(sold.Status) != order.Confirmed {
		return planned, err
	}
	lines, err := q.LinesToShip(ctx, sold.ID)
	if err != nil {
		return nil, err
	}
	var vendors []int64
	var worth []money.Amount // of each vendor's lines
	totals := make([]money.Amount, len(lines))
	for i, line := range lines {
		totals[i] = line.TotalPrice
		if i == 0 || line.VendorID != vendors[len(vendors)-1] {
			vendors, worth = append(vendors, line.VendorID), append(worth, 0)
		}
		worth[len(worth)-1] += line.TotalPrice
	}
	taxes := order.Share(sold.TaxAmount, totals)
	shipping := order.Share(sold.ShippingCost, worth)
	for i, vendor := range vendors {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		amount := shipping[i]
		var items []shopdb.PlanShipmentItemsParams
		for j, line := range lines {
			if line.VendorID == vendor {
				amount += line.TotalPrice + taxes[j]
				items = append(items, shopdb.PlanShipmentItemsParams{ShipmentID: id, OrderItemID: line.ID, Qty: line.Qty, TaxAmount: taxes[j]})
			}
		}
		if err := q.PlanShipment(ctx, shopdb.PlanShipmentParams{
			ID: id, OrderID: sold.ID, VendorID: vendor, Amount: amount, ShippingAmount: shipping[i], Currency: sold.Currency,
		}); err != nil {
			return nil, err
		}
		if _, err := q.PlanShipmentItems(ctx, items); err != nil {
			return nil, err
		}
	}
	return q.ShipmentsOfOrder(ctx, sold.ID)
}

// cancelUnsent gives up every shipment that was not sent off, of an order that is locked.
func cancelUnsent(ctx context.Context, q *shopdb.Queries, shipments []shopdb.OrderingShipment, reason order.CancelReason, by string) error {
	for _, shipment := range shipments {
		if _, err := cancelShipment(ctx, q, ShipmentCancellation{ShipmentID: shipment.ID, Reason: reason, By: by, Restock: true}); err != nil {
			return err
		}
	}
	return nil
}

// ShipmentCancellation is how a shipment ends that is not sent.
type ShipmentCancellation struct {
	ShipmentID uuid.UUID
	Reason     order.CancelReason // only CaptureRefused ends one that was sent off
	By         string             // customer, vendor, admin or shop
	Restock    bool               // false: the goods are not there, or not fit, and are written off
}

// CancelShipment gives a shipment up and returns where it stands then: not cancelled when it was
// sent off before.
func (db *DB) CancelShipment(ctx context.Context, c ShipmentCancellation) (order.ShipmentStatus, error) {
	status, err := cancelShipment(ctx, db.Queries, c)
	return status, failed("cancel shipment", err)
}

func cancelShipment(ctx context.Context, q *shopdb.Queries, c ShipmentCancellation) (order.ShipmentStatus, error) {
	refundID, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	status, err := q.CancelShipment(ctx, shopdb.CancelShipmentParams{
		ID: c.ShipmentID, Reason: string(c.Reason), CancelledBy: c.By, Restock: c.Restock, RefundID: refundID,
	})
	if err != nil {
		return "", fmt.Errorf("shipment %s: %w", c.ShipmentID, err)
	}
	return order.ShipmentStatus(status), nil
}

// LoseShipment ends a shipment that will not arrive, as ShipmentLost or ShipmentReturnedToSender.
func (db *DB) LoseShipment(ctx context.Context, id uuid.UUID, status order.ShipmentStatus) error {
	refundID, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return failed("lose shipment", db.Queries.LoseShipment(ctx, shopdb.LoseShipmentParams{ID: id, Status: string(status), RefundID: refundID}))
}

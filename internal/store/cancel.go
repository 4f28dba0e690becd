package store

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// ErrNotCancellable is returned for an order of which something was sent off, or that is over; and
// for a shipment that was sent off.
var ErrNotCancellable = errors.New("it is too late to cancel this")

// CancelRequest asks for an order to be cancelled, or for some of its shipments.
type CancelRequest struct {
	OrderID    uuid.UUID
	CustomerID *int64             // whose order it must be; nil: whoever's
	Reason     order.CancelReason // CancelledByCustomer or CancelledByShop
	Shipments  []uuid.UUID        // empty: the whole order
}

// requestedBy says who asks for a cancellation with a reason.
func requestedBy(reason order.CancelReason) string {
	if reason == order.CancelledByCustomer {
		return "customer"
	}
	return "admin"
}

// RequestCancellation cancels a sold order of which nothing was sent off, or the shipments that are
// asked for, in one transaction: stock, money to be given back, statuses. An order that is still
// being checked out is marked for it: it cannot be sold any more, and its checkout undoes it. It returns the
// order's status as it is then; one that is cancelled already is left as it is. It returns
// ErrNotFound or ErrNotCancellable.
func (db *DB) RequestCancellation(ctx context.Context, c CancelRequest) (status order.Status, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		found, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: c.OrderID, CustomerID: c.CustomerID})
		if err != nil {
			return err
		}
		switch status = order.Status(found.Status); {
		case status == order.Cancelled:
			return nil
		case status == order.Pending && len(c.Shipments) == 0:
			return q.RequestCancellation(ctx, shopdb.RequestCancellationParams{OrderID: c.OrderID, Reason: string(c.Reason)})
		case status != order.Confirmed || found.Provider == order.ImportedProvider:
			return ErrNotCancellable
		}
		shipments, err := planShipments(ctx, q, found)
		if err != nil {
			return err
		}
		if shipments, err = toCancel(shipments, c.Shipments); err != nil {
			return err
		}
		if err := cancelUnsent(ctx, q, shipments, c.Reason, requestedBy(c.Reason)); err != nil {
			return err
		}
		after, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: c.OrderID})
		status = order.Status(after.Status)
		return err
	})
	return status, failed("cancel order", err)
}

// toCancel chooses the shipments that were asked for, or all. It returns ErrNotFound for one that is
// not the order's, and ErrNotCancellable for one that was sent off.
func toCancel(all []shopdb.OrderingShipment, chosen []uuid.UUID) ([]shopdb.OrderingShipment, error) {
	for _, id := range chosen {
		if !slices.ContainsFunc(all, func(s shopdb.OrderingShipment) bool { return s.ID == id }) {
			return nil, ErrNotFound
		}
	}
	var found []shopdb.OrderingShipment
	for _, shipment := range all {
		if len(chosen) > 0 && !slices.Contains(chosen, shipment.ID) {
			continue
		}
		if order.ShipmentStatus(shipment.Status).Sent() {
			return nil, ErrNotCancellable
		}
		found = append(found, shipment)
	}
	return found, nil
}

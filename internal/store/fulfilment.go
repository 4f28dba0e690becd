package store

import (
	"context"

	"mercado/internal/store/shopdb"
)

// FindShipment gives the shipment with a tracking number, or ErrNotFound.
func (db *DB) FindShipment(ctx context.Context, trackingNumber string) (shopdb.OrderingShipment, error) {
	shipment, err := db.ShipmentByTracking(ctx, trackingNumber)
	return shipment, failed("find shipment", err)
}

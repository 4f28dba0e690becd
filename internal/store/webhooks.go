package store

import (
	"context"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// AddEndpoint adds a webhook endpoint, or returns ErrTooManyEndpoints.
func (db *DB) AddEndpoint(ctx context.Context, endpoint shopdb.AddWebhookEndpointParams) error {
	return failed("add webhook endpoint", db.AddWebhookEndpoint(ctx, endpoint))
}

// FindEndpoint gives a webhook endpoint, or ErrNotFound when there is none or it is not vendorID's
// (nil: whoever's).
func (db *DB) FindEndpoint(ctx context.Context, id uuid.UUID, vendorID *int64) (shopdb.OrderingWebhookEndpoint, error) {
	endpoint, err := db.WebhookEndpoint(ctx, shopdb.WebhookEndpointParams{ID: id, VendorID: vendorID})
	return endpoint, failed("read webhook endpoint", err)
}

// ChangeEndpoint changes what is not nil. What an endpoint that is switched off has not been told of
// is cancelled.
func (db *DB) ChangeEndpoint(ctx context.Context, change shopdb.ChangeWebhookEndpointParams) (endpoint shopdb.OrderingWebhookEndpoint, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		if endpoint, err = q.ChangeWebhookEndpoint(ctx, change); err != nil || endpoint.IsActive {
			return err
		}
		return q.CancelWebhookDeliveries(ctx, endpoint.ID)
	})
	return endpoint, failed("change webhook endpoint", err)
}

// FindDelivery gives what an endpoint was told, or ErrNotFound when there is no such delivery or the
// endpoint is not vendorID's (nil: whoever's).
func (db *DB) FindDelivery(
	ctx context.Context, id uuid.UUID, vendorID *int64,
) (delivery shopdb.OrderingWebhookDelivery, endpoint shopdb.OrderingWebhookEndpoint, err error) {
	if delivery, err = db.WebhookDelivery(ctx, id); err == nil {
		endpoint, err = db.FindEndpoint(ctx, delivery.EndpointID, vendorID)
	}
	return delivery, endpoint, failed("read webhook delivery", err)
}

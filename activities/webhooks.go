package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/temporal"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/internal/webhook"
)

// Webhooks tells endpoints what happened to orders.
type Webhooks struct {
	DB           *store.DB
	Sender       *webhook.Sender
	DisableAfter time.Duration // of failing, without a success in between
}

// attemptsKept is of how many attempts at a delivery it is kept how they went. Somebody may have one sent
// again as often as they like.
const attemptsKept = 50

// DeliverWebhook sends the first event of an order that the endpoint has not been told of, and returns
// false when there is none. It is sent again when the answer was lost before it was written down:
// the receiver knows it by its id. An error is of the code that the delivery shows.
func (w *Webhooks) DeliverWebhook(ctx context.Context, endpointID, orderID uuid.UUID) (sent bool, err error) {
	defer heartbeat(ctx)()
	next, err := w.DB.NextWebhook(ctx, shopdb.NextWebhookParams{EndpointID: endpointID, OrderID: orderID})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, w.DB.CancelWebhooksOfInactive(ctx, endpointID)
	}
	if err != nil {
		return false, fmt.Errorf("read webhook: %w", err)
	}
	began := time.Now()
	status, err := w.Sender.Send(ctx, webhook.Message{
		URL: next.Url, ID: webhook.EventID(next.EventID), Body: next.Payload,
		Secrets: []string{next.Secret, next.PreviousSecret},
	})
	took := int32(time.Since(began).Milliseconds())
	var failure *webhook.Failure
	switch {
	case err == nil:
		return true, w.DB.WebhookDelivered(ctx, shopdb.WebhookDeliveredParams{
			ID: next.ID, ResponseStatus: int32(status), Milliseconds: took, Keep: attemptsKept,
		})
	case ctx.Err() != nil:
		return false, ctx.Err() // the worker stops: nobody knows what the receiver would have said
	case !errors.As(err, &failure):
		return false, err
	}
	failed := shopdb.WebhookFailedParams{
		ID: next.ID, Error: failure.Code, DisableAfterSeconds: w.DisableAfter.Seconds(), Milliseconds: took, Keep: attemptsKept,
	}
	if failure.Status != 0 {
		received := int32(failure.Status)
		failed.ResponseStatus = &received
	}
	active, err := w.DB.WebhookFailed(ctx, failed)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil // the endpoint was deleted meanwhile
	}
	if err != nil {
		return false, fmt.Errorf("write down failure of webhook: %w", err)
	}
	if !active {
		slog.WarnContext(ctx, "a webhook endpoint has failed for too long and is switched off", "endpoint", endpointID)
		return false, w.DB.CancelWebhookDeliveries(ctx, endpointID)
	}
	return false, temporal.NewApplicationError(failure.Error(), failure.Code)
}

// GiveUpWebhook ends the delivery that the others of the order wait for.
func (w *Webhooks) GiveUpWebhook(ctx context.Context, endpointID, orderID uuid.UUID) error {
	return w.DB.GiveUpWebhook(ctx, shopdb.GiveUpWebhookParams{EndpointID: endpointID, OrderID: orderID})
}

package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"mercado/internal/auth"
	"mercado/internal/shipping"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// webhooks takes messages from outside that nobody is signed in for: each is signed.
func (a *API) webhooks() {
	register(a, operation{
		id: "receive-shipping-webhook", method: http.MethodPost, path: "/api/webhooks/shipping",
		summary: "Take a message of the carrier",
		about:   "Signed in `Carrier-Signature`. A message that was taken before is taken again and changes nothing.",
		tag:     "webhooks", permission: auth.Open, problems: []code{invalidSignature, notFound},
	}, a.receiveShipping)
	a.paymentWebhooks()
}

// shippingSource is what ordering.webhook_receipts calls the carrier.
const shippingSource = "shipping"

type shippingInput struct {
	Signature string `header:"Carrier-Signature"`
	RawBody   []byte // what is signed
	Body      struct {
		_              struct{} `additionalProperties:"true"`
		ID             string   `json:"id" minLength:"1" maxLength:"255" doc:"Of the message: it keeps it when it is sent again."`
		TrackingNumber string   `json:"tracking_number" minLength:"1" maxLength:"255"`
		Status         string   `json:"status" enum:"in_transit,delivered,lost,returned_to_sender"`
		DeliveredAt    string   `json:"delivered_at,omitempty" format:"date-time"`
	} `nameHint:"ShippingWebhook"`
}

// receiveShipping hands what the carrier says to the order's fulfilment. A message about a parcel
// that is not known yet is refused, and the carrier sends it again.
func (a *API) receiveShipping(ctx context.Context, in *shippingInput) (*struct{}, error) {
	message, err := shipping.ParseWebhook(a.Shop.WebhookSecret, in.Signature, time.Now(), in.RawBody)
	if err != nil {
		return nil, err
	}
	handled, err := a.DB.ReceiveWebhook(ctx, shopdb.ReceiveWebhookParams{
		Source: shippingSource, EventID: message.ID, Payload: in.RawBody,
	})
	if err != nil || handled {
		return nil, err
	}
	shipment, err := a.DB.FindShipment(ctx, message.TrackingNumber)
	if err != nil {
		return nil, err
	}
	var packed time.Time // of every parcel that has a tracking number
	if shipment.PackedAt != nil {
		packed = *shipment.PackedAt
	}
	if err := message.Check(packed, time.Now()); err != nil {
		return nil, fmt.Errorf("%w: %w", shipping.ErrWebhook, err)
	}
	moved := workflows.ParcelMoved{ShipmentID: shipment.ID, Status: message.Status, DeliveredAt: message.DeliveredAt}
	if err := workflows.TellParcel(ctx, a.Temporal, shipment.OrderID, moved); err != nil {
		return nil, err
	}
	return nil, a.DB.WebhookHandled(ctx, shopdb.WebhookHandledParams{Source: shippingSource, EventID: message.ID})
}

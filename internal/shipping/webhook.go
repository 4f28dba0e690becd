package shipping

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mercado/internal/signature"
)

// SignatureHeader carries the signature of a webhook, as package signature makes it.
const SignatureHeader = "Carrier-Signature"

// tolerance is how far the carrier's clock may be from ours.
const tolerance = signature.Tolerance

// ErrSignature is returned for a webhook that the carrier has not signed, or not lately.
var ErrSignature = errors.New("signature is missing, wrong or too old")

// ErrWebhook is returned for a signed webhook that cannot be read.
var ErrWebhook = errors.New("webhook cannot be read")

// Webhook is a message of the carrier about one parcel.
type Webhook struct {
	ID             string `json:"id"` // of the message: one that is sent again keeps it
	TrackingNumber string `json:"tracking_number"`
	Tracking
}

// ParseWebhook checks the signature of a webhook that arrived now and reads it. It returns
// ErrSignature or ErrWebhook.
func ParseWebhook(secret, header string, now time.Time, body []byte) (Webhook, error) {
	if err := signature.Verify(secret, header, now, body); err != nil {
		return Webhook{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var w Webhook
	if err := json.Unmarshal(body, &w); err != nil {
		return Webhook{}, fmt.Errorf("%w: %w", ErrWebhook, err)
	}
	if w.ID == "" || w.TrackingNumber == "" || w.Status == "" {
		return Webhook{}, ErrWebhook
	}
	return w, nil
}

package shipping

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries the signature of a webhook: "t=<unix seconds>,v1=<hex>", the HMAC with
// SHA-256 of "<unix seconds>.<body>".
const SignatureHeader = "Carrier-Signature"

// tolerance bounds how old a signature may be, so that a message that was overheard cannot be
// played again later, and how far the carrier's clock may be from ours.
const tolerance = 5 * time.Minute

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

// Sign gives the signature header of a webhook sent at a time.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(signature(secret, seconds, body))
}

// ParseWebhook checks the signature of a webhook that arrived now and reads it. It returns
// ErrSignature or ErrWebhook.
func ParseWebhook(secret, header string, now time.Time, body []byte) (Webhook, error) {
	stamp, signed, found := strings.Cut(header, ",")
	seconds, hasStamp := strings.CutPrefix(stamp, "t=")
	digits, hasVersion := strings.CutPrefix(signed, "v1=")
	given, err := hex.DecodeString(digits)
	if !found || !hasStamp || !hasVersion || err != nil || !hmac.Equal(given, signature(secret, seconds, body)) {
		return Webhook{}, ErrSignature
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Sub(time.Unix(unix, 0)).Abs() > tolerance {
		return Webhook{}, ErrSignature
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

func signature(secret, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

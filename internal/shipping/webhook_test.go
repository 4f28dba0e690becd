package shipping_test

import (
	"errors"
	"testing"
	"time"

	"mercado/internal/shipping"
	"mercado/internal/signature"
)

var sent = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const body = `{"id":"evt_1","tracking_number":"SBX1","status":"delivered","delivered_at":"2026-11-20T12:00:00Z"}`

func TestWebhookIsTakenWhenItIsSigned(t *testing.T) {
	t.Parallel()
	signed := signature.Sign("secret", sent, []byte(body))
	got, err := shipping.ParseWebhook("secret", signed, sent.Add(time.Minute), []byte(body))
	if err != nil || got.TrackingNumber != "SBX1" || got.Status != shipping.Delivered || !got.DeliveredAt.Equal(sent) {
		t.Fatalf("%+v, %v", got, err)
	}
	for what, refused := range map[string]func() error{
		"another secret": func() error { return parse("other", signed, sent, body) },
		"another body":   func() error { return parse("secret", signed, sent, body+" ") },
		"too old":        func() error { return parse("secret", signed, sent.Add(6*time.Minute), body) },
		"of the future":  func() error { return parse("secret", signed, sent.Add(-6*time.Minute), body) },
		"none":           func() error { return parse("secret", "", sent, body) },
		"another time":   func() error { return parse("secret", "t=2"+signed[3:], sent, body) },
	} {
		if err := refused(); !errors.Is(err, shipping.ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, unreadable := range []string{"", "{", "[]", "{}", `{"id":"evt_1"}`} {
		if err := parse("secret", signature.Sign("secret", sent, []byte(unreadable)), sent, unreadable); !errors.Is(err, shipping.ErrWebhook) {
			t.Errorf("%q: %v", unreadable, err)
		}
	}
}

func TestCarrierCannotDeliverBeforeItWasGivenTheParcel(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		said shipping.Tracking
		true bool
	}{
		"on its way":              {shipping.Tracking{Status: shipping.InTransit}, true},
		"delivered":               {shipping.Tracking{Status: shipping.Delivered, DeliveredAt: sent.Add(time.Hour)}, true},
		"by a clock that is slow": {shipping.Tracking{Status: shipping.Delivered, DeliveredAt: sent.Add(-time.Minute)}, true},
		"on its way and arrived":  {shipping.Tracking{Status: shipping.InTransit, DeliveredAt: sent.Add(time.Hour)}, false},
		"delivered at no time":    {shipping.Tracking{Status: shipping.Delivered}, false},
		"long before":             {shipping.Tracking{Status: shipping.Delivered, DeliveredAt: sent.AddDate(-27, 0, 0)}, false},
		"in the future":           {shipping.Tracking{Status: shipping.Delivered, DeliveredAt: sent.Add(2 * time.Hour)}, false},
	} {
		if err := c.said.Check(sent, sent.Add(time.Hour)); (err == nil) != c.true {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func parse(secret, header string, now time.Time, body string) error {
	_, err := shipping.ParseWebhook(secret, header, now, []byte(body))
	return err
}

func FuzzParseWebhook(f *testing.F) {
	f.Add(signature.Sign("secret", sent, []byte(body)), []byte(body))
	f.Add("t=,v1=", []byte("{}"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		w, err := shipping.ParseWebhook("secret", header, sent, body)
		if err == nil && (w.ID == "" || header == "") {
			t.Errorf("%q with %q was taken as %+v", body, header, w)
		}
	})
}

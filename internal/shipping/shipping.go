// Package shipping is the port to a carrier: labels, and what became of a parcel. An adapter per
// carrier stands beside it.
package shipping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mercado/internal/order"
)

// Carrier carries parcels.
type Carrier interface {
	// Name is what the shop's tables call the carrier.
	Name() string
	// BuyLabel orders the transport of a parcel, once for each reference.
	BuyLabel(ctx context.Context, parcel Parcel) (Label, error)
	// CancelLabel gives a label back before its parcel was collected, by the reference it was bought
	// under; twice does no harm. It returns ErrNotFound or ErrTooLate.
	CancelLabel(ctx context.Context, reference string) error
	// Track tells where a parcel is, or ErrNotFound.
	Track(ctx context.Context, trackingNumber string) (Tracking, error)
}

// Parcel is what is to be carried.
type Parcel struct {
	Reference string // the shop's id of the shipment
	To        order.Address
}

// Label is a transport that was bought.
type Label struct {
	TrackingNumber string `json:"tracking_number"`
	URL            string `json:"label_url"`
}

// Status is where a parcel is.
type Status string

// Statuses of a parcel.
const (
	InTransit        Status = "in_transit"
	Delivered        Status = "delivered"
	Lost             Status = "lost"
	ReturnedToSender Status = "returned_to_sender"
	Withdrawn        Status = "cancelled" // its label was given back
)

// Missed reports whether the parcel will not reach its customer.
func (s Status) Missed() bool { return s == Lost || s == ReturnedToSender }

// Tracking is what the carrier says of a parcel.
type Tracking struct {
	Status      Status    `json:"status"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"` // zero before it is
}

// Check returns an error when the word of the carrier cannot be true, now, of a parcel that was
// packed at a time.
func (t Tracking) Check(packed, now time.Time) error {
	switch {
	case (t.Status == Delivered) == t.DeliveredAt.IsZero():
		return fmt.Errorf("a parcel is delivered when it has a time of delivery: it is %s", t.Status)
	case t.Status == Delivered && (t.DeliveredAt.Before(packed.Add(-tolerance)) || t.DeliveredAt.After(now.Add(tolerance))):
		return fmt.Errorf("a parcel packed at %s cannot be delivered at %s", packed, t.DeliveredAt)
	default:
		return nil
	}
}

// ErrNotFound says that the carrier knows no such parcel.
var ErrNotFound = errors.New("no such parcel")

// ErrTooLate says that a parcel is on its way: its label cannot be given back.
var ErrTooLate = errors.New("the parcel is on its way")

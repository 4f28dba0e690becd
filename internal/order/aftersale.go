package order

import (
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
)

// Refund is money given back, as the API shows it.
type Refund struct {
	ID             uuid.UUID    `json:"id"`
	OrderID        uuid.UUID    `json:"order_id"`
	Kind           string       `json:"kind" enum:"refund,release" doc:"refund: money is paid back. release: what was sold was given up before it was paid for; no money flows."`
	Status         string       `json:"status" enum:"pending,completed,failed"`
	Reason         string       `json:"reason"`
	Failure        *string      `json:"failure" doc:"Why the payment provider refused it; null when it did not."`
	Amount         money.Amount `json:"amount" doc:"All of it: the lines with their tax, and shipping."`
	ShippingAmount money.Amount `json:"shipping_amount"`
	Currency       string       `json:"currency"`
	RequestedBy    string       `json:"requested_by" enum:"customer,vendor,admin,shop"`
	ShipmentID     *uuid.UUID   `json:"shipment_id" nullable:"true" doc:"The shipment that was given up."`
	ReturnID       *uuid.UUID   `json:"return_id" nullable:"true" doc:"The return it is for."`
	RetryOf        *uuid.UUID   `json:"retry_of" nullable:"true" doc:"The refund that failed and that this one is asked for instead of."`
	CreatedAt      time.Time    `json:"created_at"`
	CompletedAt    *time.Time   `json:"completed_at"`
	Items          []RefundLine `json:"items"`
}

// RefundLine is one product's part of a refund. Amount is before tax, as revenue counts it.
type RefundLine struct {
	ItemID    int64        `json:"item_id"`
	Qty       int64        `json:"qty" doc:"0 for the line's part of an amount that was given back without units."`
	Amount    money.Amount `json:"amount"`
	TaxAmount money.Amount `json:"tax_amount"`
	Restocked bool         `json:"restocked"`
}

// Return is goods on their way back, as the API shows it.
type Return struct {
	ID              uuid.UUID    `json:"id"`
	OrderID         uuid.UUID    `json:"order_id"`
	Status          string       `json:"status" enum:"requested,received,rejected" doc:"For a vendor, of their own lines."`
	Reason          string       `json:"reason"`
	RejectedBecause *string      `json:"rejected_because"`
	RequestedBy     string       `json:"requested_by" enum:"customer,vendor,admin"`
	CreatedAt       time.Time    `json:"created_at"`
	UpdatedAt       time.Time    `json:"updated_at"`
	Items           []ReturnLine `json:"items"`
}

// ReturnLine is one product of a return.
type ReturnLine struct {
	ItemID     int64      `json:"item_id"`
	VendorID   int64      `json:"vendor_id"`
	Qty        int64      `json:"qty"`
	ReceivedAt *time.Time `json:"received_at"`
	Restocked  *bool      `json:"restocked" doc:"Whether it went back on the shelf; null until it was received."`
}

// ShipTo is who a parcel goes to.
type ShipTo struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	City       string `json:"city"`
	Country    string `json:"country"`
	PostalCode string `json:"postal_code"`
}

// VendorShipment is a shipment as its vendor sees it.
type VendorShipment struct {
	ID             uuid.UUID      `json:"id"`
	OrderID        uuid.UUID      `json:"order_id"`
	VendorID       int64          `json:"vendor_id"`
	Status         ShipmentStatus `json:"status" enum:"pending,packed,released,shipped,delivered,cancelled,lost,returned_to_sender"`
	Carrier        *string        `json:"carrier"`
	TrackingNumber *string        `json:"tracking_number"`
	LabelURL       *string        `json:"label_url"`
	CancelReason   *string        `json:"cancel_reason"`
	ShipTo         ShipTo         `json:"ship_to"`
	CreatedAt      time.Time      `json:"created_at"`
	PackedAt       *time.Time     `json:"packed_at"`
	ReleasedAt     *time.Time     `json:"released_at" doc:"When it was sent off: from then on it cannot be cancelled."`
	ShippedAt      *time.Time     `json:"shipped_at" doc:"When it was paid for and with the carrier."`
	DeliveredAt    *time.Time     `json:"delivered_at"`
	CancelledAt    *time.Time     `json:"cancelled_at"`
	Items          []VendorParcel `json:"items"`
}

// VendorParcel is one product of a shipment.
type VendorParcel struct {
	ItemID     int64        `json:"item_id"`
	ItemName   string       `json:"item_name"`
	Qty        int64        `json:"qty"`
	UnitPrice  money.Amount `json:"unit_price"`
	TotalPrice money.Amount `json:"total_price"`
}

// VendorOrder is a vendor's part of an order.
type VendorOrder struct {
	ID        uuid.UUID    `json:"id"`
	OrderDate time.Time    `json:"order_date"`
	Status    Status       `json:"status" enum:"confirmed,shipped,delivered,cancelled,returned"`
	Channel   string       `json:"channel"`
	Currency  string       `json:"currency"`
	ShipTo    ShipTo       `json:"ship_to"`
	Shipment  *VendorPart  `json:"shipment,omitempty" doc:"The vendor's own; absent for a moment after the sale."`
	Revenue   money.Amount `json:"revenue" doc:"The sum of the vendor's lines."`
	Items     []VendorLine `json:"items"`
}

// VendorPart is where a vendor's part of an order stands.
type VendorPart struct {
	ID             uuid.UUID      `json:"id"`
	Status         ShipmentStatus `json:"status" enum:"pending,packed,released,shipped,delivered,cancelled,lost,returned_to_sender"`
	TrackingNumber *string        `json:"tracking_number"`
}

// VendorLine is one of the vendor's own lines of an order.
type VendorLine struct {
	ItemID          int64        `json:"item_id"`
	VendorID        int64        `json:"vendor_id"`
	Qty             int64        `json:"qty"`
	UnitPrice       money.Amount `json:"unit_price"`
	UnitCost        money.Amount `json:"unit_cost" doc:"What a unit cost you when it was sold."`
	DiscountPercent float64      `json:"discount_percent" doc:"Of the line's price before the discount; to four digits after the point."`
	DiscountAmount  money.Amount `json:"discount_amount"`
	TotalPrice      money.Amount `json:"total_price"`
	ReturnedQty     int64        `json:"returned_qty"`
	CreatedAt       time.Time    `json:"created_at"`
}

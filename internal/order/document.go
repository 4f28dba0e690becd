package order

import (
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
)

// ImportedProvider stands for the payment provider of an order that was imported as history: no
// workflow stands behind it and nobody is asked for money.
const ImportedProvider = "history"

// Document is an order as the API shows it. The database writes it (ordering.order_document), so
// that the first answer to a checkout can be kept in the transaction that confirms it.
type Document struct {
	ID              uuid.UUID `json:"id"`
	CustomerID      int64     `json:"customer_id"`
	Channel         string    `json:"channel"`
	OrderDate       time.Time `json:"order_date"`
	Status          Status    `json:"status" enum:"pending,confirmed,shipped,delivered,cancelled,returned"`
	CancelReason    *string   `json:"cancel_reason" doc:"Why the order was cancelled; null when it was not."`
	PaymentMethod   string    `json:"payment_method"`
	PaymentProvider string    `json:"payment_provider" doc:"Who moves the money; history for an order that was imported as it was."`
	// PaymentInstructions is of an order by bank transfer.
	PaymentInstructions *PaymentInstructions `json:"payment_instructions,omitempty" doc:"Where to send the money; absent unless it is paid by bank transfer."`
	PaymentStatus       PaymentStatus        `json:"payment_status" enum:"pending,authorized,completed,failed,partially_refunded,refunded"`
	Items               []Line               `json:"items"`
	Shipments           []Shipment           `json:"shipments" doc:"One for each vendor, once the order is being fulfilled."`
	Subtotal            money.Amount         `json:"subtotal"`
	TaxAmount           money.Amount         `json:"tax_amount"`
	ShippingCost        money.Amount         `json:"shipping_cost"`
	DiscountAmount      money.Amount         `json:"discount_amount"`
	TotalAmount         money.Amount         `json:"total_amount"`
	DiscountCode        *string              `json:"discount_code" doc:"Null without one."`
	Currency            string               `json:"currency"`
	ShippingAddress     Address              `json:"shipping_address"`
	EstimatedDelivery   *time.Time           `json:"estimated_delivery"`
	ActualDelivery      *time.Time           `json:"actual_delivery"`
	Notes               string               `json:"notes"`
	CreatedAt           time.Time            `json:"created_at"`
	UpdatedAt           time.Time            `json:"updated_at"`
}

// PaymentInstructions tell the customer where to send a bank transfer, and how it stands.
type PaymentInstructions struct {
	Beneficiary    string       `json:"beneficiary"`
	IBAN           string       `json:"iban"`
	Reference      string       `json:"reference" doc:"Write this on the transfer: by it the money is known to be yours."`
	Amount         money.Amount `json:"amount"`
	Currency       string       `json:"currency"`
	AwaitedUntil   *time.Time   `json:"awaited_until" doc:"The order is cancelled when the whole amount has not arrived by then; what has arrived is sent back."`
	ReceivedAmount money.Amount `json:"received_amount"`
}

// Line is one product of an order. TotalPrice is after discount, before tax and shipping.
type Line struct {
	ItemID          int64         `json:"item_id"`
	VendorID        int64         `json:"vendor_id"`
	Qty             int64         `json:"qty"`
	UnitPrice       money.Amount  `json:"unit_price"`
	UnitCost        *money.Amount `json:"unit_cost,omitempty" doc:"What a unit cost its vendor when it was sold; only for operators and that vendor."`
	DiscountPercent float64       `json:"discount_percent" doc:"Of the line's price before the discount; to four digits after the point."`
	DiscountAmount  money.Amount  `json:"discount_amount"`
	TotalPrice      money.Amount  `json:"total_price"`
	CreatedAt       time.Time     `json:"created_at"`
}

// Shipment is one vendor's part of an order.
type Shipment struct {
	ID             uuid.UUID  `json:"id"`
	VendorID       int64      `json:"vendor_id"`
	Status         string     `json:"status" enum:"pending,packed,released,shipped,delivered,cancelled,lost,returned_to_sender"`
	Carrier        *string    `json:"carrier"`
	TrackingNumber *string    `json:"tracking_number"`
	ShippedAt      *time.Time `json:"shipped_at"`
	DeliveredAt    *time.Time `json:"delivered_at"`
}

// Address is where an order goes.
type Address struct {
	Line1      string `json:"line1"`
	City       string `json:"city"`
	Country    string `json:"country"`          // ISO 3166-1 alpha-2
	Region     string `json:"region,omitempty"` // what follows the country in ISO 3166-2, as 20 of PT-20
	PostalCode string `json:"postal_code"`
}

// Cart is a customer's open cart as the database writes it (ordering.cart_document).
type Cart struct {
	ID        *uuid.UUID   `json:"id" nullable:"true" doc:"Null before the first item."`
	Items     []CartLine   `json:"items"`
	ExpiresAt *time.Time   `json:"expires_at" doc:"When the first of the holds in force ends; null when there is none."`
	Subtotal  money.Amount `json:"subtotal"`

	DiscountCode   *string       `json:"discount_code" doc:"The code that was asked about; null without one."`
	DiscountAmount money.Amount  `json:"discount_amount"`
	TaxAmount      *money.Amount `json:"tax_amount" nullable:"true" doc:"Null while it is not known where the order goes."`
	ShippingCost   *money.Amount `json:"shipping_cost" nullable:"true" doc:"Null while it is not known where the order goes."`
	Country        *string       `json:"country" doc:"Where tax and shipping are those of: what was asked about, or the customer's own country."`

	TotalAmount money.Amount `json:"total_amount" doc:"With tax and shipping where they are known."`
	Currency    string       `json:"currency"`
}

// CartLine is one product of a cart.
type CartLine struct {
	ItemID       int64        `json:"item_id"`
	ItemName     string       `json:"item_name"`
	VendorID     int64        `json:"vendor_id"`
	Qty          int64        `json:"qty"`
	UnitPrice    money.Amount `json:"unit_price" doc:"The catalogue's price when the item was put in."`
	TotalPrice   money.Amount `json:"total_price"`
	PriceChanged bool         `json:"price_changed" doc:"Checkout refuses a changed price until accept_price_changes is sent."`
	CurrentPrice money.Amount `json:"current_price"`
	Hold         string       `json:"hold" enum:"held,expired" doc:"held: the stock is kept until expires_at. expired: anybody may buy it first."`
	ExpiresAt    *time.Time   `json:"expires_at"`
	IsAvailable  bool         `json:"is_available" doc:"False once the product has been withdrawn from sale."`
}

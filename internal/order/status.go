// Package order holds what an order is: its document, its states and how its amounts are shared
// out. It knows no database.
package order

// Status is where an order stands.
type Status string

// Statuses, in the order an order goes through them; Cancelled and Returned end it early or late.
const (
	Pending   Status = "pending"
	Confirmed Status = "confirmed"
	Shipped   Status = "shipped"
	Delivered Status = "delivered"
	Cancelled Status = "cancelled"
	Returned  Status = "returned"
)

// Transitions says where an order may go from each status. The database holds the same table,
// ordering.order_transitions, and refuses everything else.
//
//	pending ──▶ confirmed ──▶ shipped ──▶ delivered ──▶ returned
//	   │            │
//	   └─────▶ cancelled ◀────┘
var Transitions = map[Status][]Status{
	Pending:   {Cancelled, Confirmed},
	Confirmed: {Cancelled, Shipped},
	Shipped:   {Delivered},
	Delivered: {Returned},
}

// PaymentStatus is where the money of an order stands.
type PaymentStatus string

// Payment statuses of requirements §2.6.
const (
	PaymentPending           PaymentStatus = "pending"
	PaymentAuthorized        PaymentStatus = "authorized"
	PaymentCompleted         PaymentStatus = "completed"
	PaymentFailed            PaymentStatus = "failed"
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded"
	PaymentRefunded          PaymentStatus = "refunded"
)

// CancelReason says why an order was cancelled; it is also the code of the answer to whoever
// placed it.
type CancelReason string

// Reasons that end a checkout, and CaptureRefused, which ends an order that was sold.
const (
	OutOfStock         CancelReason = "out_of_stock"
	PaymentDeclined    CancelReason = "payment_declined"
	PaymentUnavailable CancelReason = "payment_unavailable" // the provider gave no answer within the saga's patience
	CheckoutStopped    CancelReason = "checkout_stopped"    // an operator cancelled the workflow
	CaptureRefused     CancelReason = "capture_refused"     // the provider did not pay what it had authorised; nothing was sent
)

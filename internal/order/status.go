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

// Thing is something whose status moves by the table Transitions.
type Thing string

// Things with a status.
const (
	AnOrder   Thing = "order"
	AShipment Thing = "shipment"
	APayment  Thing = "payment" // the shop's row, see ordering.payments; an order's PaymentStatus follows it
	AReturn   Thing = "return"
	ARefund   Thing = "refund"
)

// Transitions says where each thing may go from each status. The database holds the same table,
// ordering.transitions, and refuses everything else.
//
//	order     pending ──▶ confirmed ──▶ shipped ──▶ delivered ──▶ returned
//	             └────────────┴──▶ cancelled ◀┘ (nothing of it arrived)
//
//	shipment  pending ──▶ packed ──▶ released ──▶ shipped ──▶ delivered
//	             └───────────┴──▶ cancelled ◀┘        ├─────▶ lost
//	                              (capture refused)   └─────▶ returned_to_sender
var Transitions = map[Thing]map[string][]string{
	AnOrder: {
		"pending":   {"cancelled", "confirmed"},
		"confirmed": {"cancelled", "shipped"},
		"shipped":   {"cancelled", "delivered"},
		"delivered": {"returned"},
	},
	AShipment: {
		"pending":  {"cancelled", "packed"},
		"packed":   {"cancelled", "released"},
		"released": {"cancelled", "shipped"},
		"shipped":  {"delivered", "lost", "returned_to_sender"},
	},
	APayment: {
		"pending":            {"authorized", "completed", "failed", "partially_refunded", "refunded", "voided"},
		"authorized":         {"completed", "failed", "partially_refunded", "refunded", "voided"},
		"completed":          {"partially_refunded", "refunded"},
		"partially_refunded": {"authorized", "completed", "refunded"}, // back: a refund has failed after all
		"refunded":           {"completed", "partially_refunded"},
		"voided":             {"authorized", "completed"}, // late: it is voided anew, or was captured before
	},
	AReturn: {"requested": {"received", "rejected"}},
	ARefund: {
		"pending":   {"completed", "failed"},
		"completed": {"failed"}, // the provider has said so later
	},
}

// ShipmentStatus is where one vendor's part of an order stands.
type ShipmentStatus string

// Statuses of a shipment. From ShipmentReleased on nobody cancels it but a provider that refuses
// to pay.
const (
	ShipmentPending          ShipmentStatus = "pending"
	ShipmentPacked           ShipmentStatus = "packed"
	ShipmentReleased         ShipmentStatus = "released" // sent off: its payment is being captured
	ShipmentShipped          ShipmentStatus = "shipped"
	ShipmentDelivered        ShipmentStatus = "delivered"
	ShipmentCancelled        ShipmentStatus = "cancelled"
	ShipmentLost             ShipmentStatus = "lost"
	ShipmentReturnedToSender ShipmentStatus = "returned_to_sender"
)

// Sent reports whether a shipment can no longer be cancelled: it was sent off, whatever became of it.
func (s ShipmentStatus) Sent() bool {
	return s != ShipmentPending && s != ShipmentPacked && s != ShipmentCancelled
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

// Reasons that end a checkout, and, from CaptureRefused on, reasons that end an order that was sold,
// or one of its shipments.
const (
	OutOfStock          CancelReason = "out_of_stock"
	PaymentDeclined     CancelReason = "payment_declined"
	PaymentUnavailable  CancelReason = "payment_unavailable"   // the provider gave no answer within the saga's patience
	TransferNotReceived CancelReason = "transfer_not_received" // no bank transfer of the whole amount in time
	CheckoutStopped     CancelReason = "checkout_stopped"      // an operator cancelled the workflow
	CaptureRefused      CancelReason = "capture_refused"       // the provider did not pay what it had authorised; nothing was sent
	AuthorizationLost   CancelReason = "authorization_lost"    // the provider has let go of what it had authorised; nothing was sent

	CancelledByCustomer CancelReason = "cancelled_by_customer" // also of an order that was still being checked out
	CancelledByShop     CancelReason = "cancelled_by_shop"
	CancelledByVendor   CancelReason = "cancelled_by_vendor"
	VendorOutOfStock    CancelReason = "vendor_out_of_stock" // the goods are not there: they are written off
	GoodsDamaged        CancelReason = "goods_damaged"       // the goods cannot be sold: they are written off
)

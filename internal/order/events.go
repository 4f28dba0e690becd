package order

// EventTypes are the types of the events of orders, as webhooks and the timeline tell them. A new one
// belongs here: endpoints may ask for those only.
var EventTypes = []string{
	"order.placed", "order.reserved", "order.confirmed", "order.cancel_requested", "order.cancelled",
	"order.shipped", "order.delivered", "order.returned",
	"shipment.planned", "shipment.packed", "shipment.released", "shipment.shipped", "shipment.delivered",
	"shipment.cancelled", "shipment.lost", "shipment.returned_to_sender",
	"payment.awaited", "payment.received", "payment.released", "payment.lost", "payment.sent_back",
	"refund.requested", "refund.released", "refund.completed", "refund.failed",
	"return.requested", "return.received", "return.rejected",
}

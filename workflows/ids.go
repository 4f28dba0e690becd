package workflows

import "github.com/google/uuid"

// OrdersQueue is the task queue of checkout and fulfilment, before the prefix of
// settings.Temporal.
const OrdersQueue = "orders"

// CheckoutID is the id of the workflow that checks an order out.
func CheckoutID(orderID uuid.UUID) string { return "checkout/" + orderID.String() }

// FulfilmentID is the id of the workflow that ships an order.
func FulfilmentID(orderID uuid.UUID) string { return "fulfilment/" + orderID.String() }

// OfOrder is the ids of the workflows that an order may have, in the order they run.
func OfOrder(orderID uuid.UUID) []string {
	return []string{CheckoutID(orderID), FulfilmentID(orderID)}
}

// RefundID is the id of the workflow that pays a refund back.
func RefundID(refundID uuid.UUID) string { return "refund/" + refundID.String() }

package activities

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/completion"
	"mercado/internal/order"
	"mercado/internal/store"
)

// Checkout does the steps of a checkout that are the shop's own: each one transaction.
type Checkout struct {
	DB      *store.DB
	HoldTTL time.Duration
	Board   *completion.Board // of requests of this process that wait; may be nil
}

// leastHold is how long a cart keeps its stock at least when its order was cancelled.
const leastHold = 5 * time.Minute

// Reservation says whether an order's stock is reserved.
type Reservation struct {
	Status   order.Status    // other than pending: the order was seen to before
	Shortage *store.Shortage // nil: it is
}

// Reserve turns the cart's holds into the order's reservation.
func (c *Checkout) Reserve(ctx context.Context, orderID uuid.UUID) (Reservation, error) {
	status, err := c.DB.ReserveOrder(ctx, orderID)
	var shortage *store.Shortage
	if errors.As(err, &shortage) {
		return Reservation{Status: order.Pending, Shortage: shortage}, nil
	}
	return Reservation{Status: status}, err
}

// Confirm sells what is reserved; from then on the order is a sale.
func (c *Checkout) Confirm(ctx context.Context, orderID uuid.UUID) error {
	err := c.DB.ConfirmOrder(ctx, orderID)
	if err == nil {
		c.Board.Tell(orderID)
	}
	return err
}

// Ending says why a checkout ends without a sale. It is also the answer to whoever asked for it.
type Ending struct {
	Reason      order.CancelReason `json:"code"`
	DeclineCode string             `json:"decline_code,omitempty"`
	Shortage    *store.Shortage    `json:"shortage,omitempty"`
}

// endings says which HTTP status each reason is answered with.
var endings = map[order.CancelReason]int{
	order.OutOfStock:         http.StatusConflict,
	order.PaymentDeclined:    http.StatusPaymentRequired,
	order.PaymentUnavailable: http.StatusServiceUnavailable,
	order.CheckoutStopped:    http.StatusServiceUnavailable,
}

// Cancel releases what the order has reserved, gives the cart its holds back and closes the order.
func (c *Checkout) Cancel(ctx context.Context, orderID uuid.UUID, ending Ending) error {
	err := c.DB.CancelOrder(ctx, store.Cancellation{
		OrderID: orderID, Reason: ending.Reason, Holds: max(c.HoldTTL, leastHold),
		Status: endings[ending.Reason], Answer: ending,
	})
	if err == nil {
		c.Board.Tell(orderID)
	}
	return err
}

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
	DB               *store.DB
	Payments         *Payments // whom it leaves the question, and whose Board it tells
	HoldTTL          time.Duration
	TransferPatience time.Duration // how long an order waits for its bank transfer
}

// leastHold is how long a cart keeps its stock at least when its order was cancelled.
const leastHold = 5 * time.Minute

// Reservation says whether an order's stock is reserved, and how the order goes on.
type Reservation struct {
	Status        order.Status    // other than pending: the order was seen to before
	PaymentMethod string          // empty in histories of before there were several: card or wallet
	Awaited       bool            // its customer was told where to send the money
	Stopped       bool            // somebody has cancelled it
	Shortage      *store.Shortage // nil: it is
}

// Reserve turns the cart's holds into the order's reservation. What the provider is asked next is
// written down with it.
func (c *Checkout) Reserve(ctx context.Context, orderID uuid.UUID) (Reservation, error) {
	reserved, err := c.DB.ReserveOrder(ctx, orderID)
	var shortage *store.Shortage
	if errors.As(err, &shortage) {
		return Reservation{Status: order.Pending, Shortage: shortage}, nil
	}
	if err == nil {
		c.Payments.questions.put(orderID, reserved.Question)
	}
	return Reservation{
		Status: reserved.Status, PaymentMethod: reserved.PaymentMethod, Awaited: reserved.Awaited, Stopped: reserved.Stopped,
	}, err
}

// AwaitTransfer answers whoever placed the order with where to send the money, and frees their cart.
func (c *Checkout) AwaitTransfer(ctx context.Context, orderID uuid.UUID) error {
	err := c.DB.AwaitTransfer(ctx, orderID, c.TransferPatience)
	if err == nil {
		c.Payments.Board.Tell(orderID, completion.Answer{})
	}
	return err
}

// Transfer is how the bank transfer of an order stands.
type Transfer struct {
	Whole    bool          // all of the money has arrived, or more
	Left     time.Duration // how much longer it is waited for; not positive: no longer
	AskEvery time.Duration // how often the provider is asked, in case its word was lost
}

// Transfer reads how an order's bank transfer stands.
func (c *Checkout) Transfer(ctx context.Context, orderID uuid.UUID) (Transfer, error) {
	whole, left, err := c.DB.TransferStands(ctx, orderID)
	return Transfer{
		Whole: whole, Left: left, AskEvery: min(max(c.TransferPatience/24, 100*time.Millisecond), 3*time.Hour),
	}, err
}

// Confirmation says whether an order is a sale.
type Confirmation struct {
	Stopped bool // somebody has cancelled it before: nothing was sold
}

// Confirm sells what is reserved; from then on the order is a sale.
func (c *Checkout) Confirm(ctx context.Context, orderID uuid.UUID) (Confirmation, error) {
	sale, err := c.DB.ConfirmOrder(ctx, orderID)
	if err != nil {
		return Confirmation{}, err
	}
	return Confirmation{Stopped: !tell(c.Payments.Board, orderID, sale)}, nil
}

// tell tells the request that waits for an order that it is sold, if it is.
func tell(board *completion.Board, orderID uuid.UUID, sale store.Sale) (sold bool) {
	switch {
	case !sale.Sold:
	case sale.Answer == nil:
		board.Tell(orderID, completion.Answer{})
	default:
		board.Tell(orderID, completion.Answer{Status: http.StatusCreated, Body: sale.Answer})
	}
	return sale.Sold
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
	// Nobody is answered by this any more: they were answered when the wait began.
	order.TransferNotReceived: http.StatusPaymentRequired,
	order.CheckoutStopped:     http.StatusServiceUnavailable,
}

// Cancelled says whether an order is closed without a sale.
type Cancelled struct {
	Sold bool // it was sold before, and is left as it is
}

// Cancel releases what the order has reserved, gives the cart its holds back and closes the order.
func (c *Checkout) Cancel(ctx context.Context, orderID uuid.UUID, ending Ending) (Cancelled, error) {
	sold, err := c.DB.CancelOrder(ctx, store.Cancellation{
		OrderID: orderID, Reason: ending.Reason, Holds: max(c.HoldTTL, leastHold),
		Status: endings[ending.Reason], Answer: ending,
	})
	if err == nil {
		c.Payments.Board.Tell(orderID, completion.Answer{})
	}
	return Cancelled{Sold: sold}, err
}

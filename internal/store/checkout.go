package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// Checkout is what a customer asks for when they buy their cart.
type Checkout struct {
	OrderID            uuid.UUID
	PaymentID          uuid.UUID
	CustomerID         int64
	Key                string // the request's idempotency key
	RequestHash        []byte
	PaymentMethod      string
	PaymentProvider    string
	PaymentToken       string // the provider's one-time token
	ShippingAddress    order.Address
	AcceptPriceChanges bool
}

// Earlier is the first request with the same idempotency key.
type Earlier struct {
	OrderID     uuid.UUID       `json:"order_id"`
	SameRequest bool            `json:"same_request"` // false: the key was used for something else
	Status      int             `json:"status"`       // of the answer; 0 while it is under way
	Response    json.RawMessage `json:"response"`
}

// PlaceOrder makes the customer's cart a pending order in one transaction with the claim of its
// idempotency key. When the key was claimed before, it changes nothing and tells of that claim.
// It returns ErrCartEmpty, a *PriceChange, ErrUnknownProduct, ErrUnknownCustomer or
// ErrCheckoutInProgress.
func (db *DB) PlaceOrder(ctx context.Context, c Checkout) (*Earlier, error) {
	address, err := json.Marshal(c.ShippingAddress)
	if err != nil {
		return nil, err
	}
	document, err := db.Queries.PlaceOrder(ctx, shopdb.PlaceOrderParams{
		CustomerID: c.CustomerID, Key: c.Key, RequestHash: c.RequestHash,
		OrderID: c.OrderID, PaymentID: c.PaymentID,
		Provider: c.PaymentProvider, Method: c.PaymentMethod, Token: c.PaymentToken,
		ShippingAddress: address, AcceptPriceChanges: c.AcceptPriceChanges,
	})
	if err != nil {
		return nil, failed("place order", err)
	}
	if document == nil {
		return nil, nil
	}
	var earlier Earlier
	if err := json.Unmarshal(document, &earlier); err != nil {
		return nil, fmt.Errorf("read idempotency key: %w", err)
	}
	return &earlier, nil
}

// ReserveOrder turns the cart's holds into the order's reservation and returns the order's status:
// for one that is not pending any more there was nothing to do. It returns a *Shortage.
func (db *DB) ReserveOrder(ctx context.Context, id uuid.UUID) (order.Status, error) {
	status, err := db.Queries.ReserveOrder(ctx, id)
	return order.Status(status), failed("reserve order", err)
}

// ConfirmOrder sells what the order has reserved and records the answer to its request.
func (db *DB) ConfirmOrder(ctx context.Context, id uuid.UUID) error {
	return failed("confirm order", db.Queries.ConfirmOrder(ctx, id))
}

// Cancellation is how a checkout ends without a sale.
type Cancellation struct {
	OrderID uuid.UUID
	Reason  order.CancelReason
	Holds   time.Duration // how long the cart keeps what the order had reserved
	Status  int           // of the answer to the request
	Answer  any           // its body, kept as JSON
}

// CancelOrder undoes an order that was not confirmed and records the answer to its request.
func (db *DB) CancelOrder(ctx context.Context, c Cancellation) error {
	answer, err := json.Marshal(c.Answer)
	if err != nil {
		return err
	}
	return failed("cancel order", db.Queries.CancelOrder(ctx, shopdb.CancelOrderParams{
		OrderID: c.OrderID, Reason: string(c.Reason), PaymentStatus: string(order.PaymentFailed),
		HoldSeconds: c.Holds.Seconds(), AnswerStatus: int32(c.Status), Answer: answer,
	}))
}

// CheckoutAnswer gives the answer to the request that placed the order; status 0 while it is
// under way.
func (db *DB) CheckoutAnswer(ctx context.Context, id uuid.UUID) (status int, body json.RawMessage, err error) {
	row, err := db.Queries.CheckoutAnswer(ctx, id)
	if err != nil || row.ResponseStatus == nil {
		return 0, nil, failed("read answer to checkout", err)
	}
	return int(*row.ResponseStatus), row.Response, nil
}

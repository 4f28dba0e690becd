package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// Checkout is what somebody asks for who buys, or who registers a sale.
type Checkout struct {
	OrderID            uuid.UUID
	PaymentID          uuid.UUID
	CustomerID         int64
	Scope              string // who chose the key; empty: the customer
	Operation          string // what the key was sent with; empty: checkout
	Key                string // the request's idempotency key
	RequestHash        []byte
	Channel            string // web, api, counter or phone; empty: web
	Items              []Item // nil: what is in the customer's cart
	VendorID           *int64 // the only vendor whose products are sold; nil: anybody's
	PaymentMethod      string
	PaymentProvider    string
	PaymentToken       string        // the provider's one-time token; empty where the method needs none
	ShippingAddress    order.Address // its zero value: there is none
	DiscountCode       string        // empty: none
	Notes              string
	AcceptPriceChanges bool
}

// Item is a product and how many of it.
type Item struct {
	ItemID int64
	Qty    int64
}

// Earlier is the first request with the same idempotency key.
type Earlier struct {
	OrderID     uuid.UUID       `json:"order_id"`
	SameRequest bool            `json:"same_request"` // false: the key was used for something else
	Status      int             `json:"status"`       // of the answer; 0 while it is under way
	Response    json.RawMessage `json:"response"`
}

// PlaceOrder writes down a pending order in one transaction with the claim of its idempotency key.
// When the key was claimed before, it changes nothing and tells of that claim. It returns
// ErrCartEmpty, a *PriceChange, a *Withdrawn, ErrUnknownCustomer, ErrCheckoutInProgress, a
// *Unshippable, or one of the ErrDiscount errors.
func (db *DB) PlaceOrder(ctx context.Context, c Checkout) (*Earlier, error) {
	address := json.RawMessage("{}")
	if c.ShippingAddress != (order.Address{}) {
		var err error
		if address, err = json.Marshal(c.ShippingAddress); err != nil {
			return nil, err
		}
	}
	params := shopdb.PlaceOrderParams{
		Scope: cmp.Or(c.Scope, CustomerScope(c.CustomerID)), Operation: cmp.Or(c.Operation, "checkout"),
		Key: c.Key, RequestHash: c.RequestHash, OrderID: c.OrderID, PaymentID: c.PaymentID,
		CustomerID: c.CustomerID, Channel: cmp.Or(c.Channel, "web"), VendorID: c.VendorID,
		Provider: c.PaymentProvider, Method: c.PaymentMethod, Token: orNull(c.PaymentToken),
		ShippingAddress: address, DiscountCode: orNull(c.DiscountCode), Notes: c.Notes,
		AcceptPriceChanges: c.AcceptPriceChanges,
	}
	if c.Items != nil {
		params.ItemIds, params.Quantities = make([]int64, len(c.Items)), make([]int64, len(c.Items))
		for i, item := range c.Items {
			params.ItemIds[i], params.Quantities[i] = item.ItemID, item.Qty
		}
	}
	document, err := db.Queries.PlaceOrder(ctx, params)
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

// CustomerScope is who a customer's idempotency keys belong to.
func CustomerScope(id int64) string { return "customer/" + strconv.FormatInt(id, 10) }

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Reserved is an order after ReserveOrder.
type Reserved struct {
	Status        order.Status `json:"status"` // other than pending: there was nothing to do
	PaymentMethod string       `json:"payment_method"`
	Awaited       bool         `json:"awaited"`  // it waits for a bank transfer
	Stopped       bool         `json:"stopped"`  // it shall be cancelled, and nothing was reserved
	Question      *Question    `json:"question"` // nil: it was written down before, or nobody is asked
}

// Question is what the provider of an order's payment is about to be asked for the first time: to set
// its amount aside.
type Question struct {
	PaymentID uuid.UUID    `json:"payment_id"`
	Provider  string       `json:"provider"`
	Method    string       `json:"method"`
	Token     string       `json:"token"` // a secret
	Amount    money.Amount `json:"amount"`
	Currency  string       `json:"currency"`
	Key       string       `json:"key"` // of idempotency
}

// ReserveOrder turns the cart's holds into the order's reservation, and writes down what its provider
// is asked next. It returns a *Shortage.
func (db *DB) ReserveOrder(ctx context.Context, id uuid.UUID) (Reserved, error) {
	document, err := db.Queries.ReserveOrder(ctx, id)
	if err != nil {
		return Reserved{}, failed("reserve order", err)
	}
	var reserved Reserved
	if err := json.Unmarshal(document, &reserved); err != nil {
		return Reserved{}, fmt.Errorf("read reservation: %w", err)
	}
	return reserved, nil
}

// Sale is what became of an order that was to be sold.
type Sale struct {
	Sold   bool            `json:"sold"`   // false: it was cancelled, or shall be, and is left as it is
	Answer json.RawMessage `json:"answer"` // to its request, with status 201; nil when it was answered before
}

// ConfirmOrder sells what the order has reserved and records the answer to its request. It returns
// ErrTransferMissing.
func (db *DB) ConfirmOrder(ctx context.Context, id uuid.UUID) (Sale, error) {
	document, err := db.Queries.ConfirmOrder(ctx, id)
	return readSale(document, failed("confirm order", err))
}

// SellAuthorized writes down that the order's payment is authorised, and does what ConfirmOrder does by
// the same transaction.
func (db *DB) SellAuthorized(ctx context.Context, p shopdb.SellAuthorizedParams) (Sale, error) {
	document, err := db.Queries.SellAuthorized(ctx, p)
	return readSale(document, failed("sell what is authorised", err))
}

func readSale(document json.RawMessage, err error) (Sale, error) {
	if err != nil {
		return Sale{}, err
	}
	var sale Sale
	if err := json.Unmarshal(document, &sale); err != nil {
		return Sale{}, fmt.Errorf("read sale: %w", err)
	}
	if string(sale.Answer) == "null" { // of an order that was answered while it waited for its transfer
		sale.Answer = nil
	}
	return sale, nil
}

// Cancellation is how a checkout ends without a sale.
type Cancellation struct {
	OrderID uuid.UUID
	Reason  order.CancelReason
	Holds   time.Duration // how long the cart keeps what the order had reserved
	Status  int           // of the answer to the request
	Answer  any           // its body, kept as JSON
}

// CancelOrder undoes an order that was not confirmed and records the answer to its request. It tells
// whether the order is a sale, and so left as it is.
func (db *DB) CancelOrder(ctx context.Context, c Cancellation) (sold bool, err error) {
	answer, err := json.Marshal(c.Answer)
	if err != nil {
		return false, err
	}
	sold, err = db.Queries.CancelOrder(ctx, shopdb.CancelOrderParams{
		OrderID: c.OrderID, Reason: string(c.Reason), PaymentStatus: string(order.PaymentFailed),
		HoldSeconds: c.Holds.Seconds(), AnswerStatus: int32(c.Status), Answer: answer,
	})
	return sold, failed("cancel order", err)
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

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

// CartQuote is what a cart is to be priced with; what is empty is left out.
type CartQuote struct {
	DiscountCode string
	Country      string // of the address it would go to; empty: the customer's own, where it is known
	Region       string
}

// CartOf gives the customer's open cart; it has no id and no items when there is none. It returns
// one of the ErrDiscount errors for a code that cannot be used, and a *Unshippable.
func (db *DB) CartOf(ctx context.Context, customerID int64, quote CartQuote) (order.Cart, error) {
	document, err := db.Queries.Cart(ctx, shopdb.CartParams{
		CustomerID: customerID, DiscountCode: orNull(quote.DiscountCode),
		Country: orNull(quote.Country), Region: orNull(quote.Region),
	})
	return cart("read cart", document, err)
}

// PutCartItem makes the cart hold qty of an item, for ttl from now, at the catalogue's price.
// It returns a *Shortage, ErrUnknownProduct, ErrUnknownCustomer, ErrCartFull or
// ErrCheckoutInProgress.
func (db *DB) PutCartItem(ctx context.Context, customerID, itemID, qty int64, ttl time.Duration) (order.Cart, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return order.Cart{}, err
	}
	document, err := db.Queries.PutCartItem(ctx, shopdb.PutCartItemParams{
		CustomerID: customerID, NewCartID: id, ItemID: itemID, Qty: qty, HoldSeconds: ttl.Seconds(),
	})
	return cart("put item in cart", document, err)
}

// DropCartItem takes an item out of the cart, if it is there, and frees its stock. It returns
// ErrUnknownCustomer or ErrCheckoutInProgress.
func (db *DB) DropCartItem(ctx context.Context, customerID, itemID int64) (order.Cart, error) {
	document, err := db.Queries.DropCartItem(ctx, shopdb.DropCartItemParams{CustomerID: customerID, ItemID: itemID})
	return cart("drop item from cart", document, err)
}

// EmptyCart takes everything out of the cart, like DropCartItem.
func (db *DB) EmptyCart(ctx context.Context, customerID int64) (order.Cart, error) {
	document, err := db.Queries.EmptyCart(ctx, customerID)
	return cart("empty cart", document, err)
}

// cart reads the document that came of doing something.
func cart(doing string, document json.RawMessage, err error) (order.Cart, error) {
	if err != nil {
		return order.Cart{}, failed(doing, err)
	}
	var c order.Cart
	if err := json.Unmarshal(document, &c); err != nil {
		return order.Cart{}, fmt.Errorf("read cart: %w", err)
	}
	return c, nil
}

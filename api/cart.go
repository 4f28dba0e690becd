package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
)

// cart serves the customer's cart: what is in it is held for them until it expires.
func (a *API) cart() {
	register(a, operation{
		id: "get-cart", method: http.MethodGet, path: "/api/cart",
		summary: "Show your cart, and what it would cost",
		about: "With tax and shipping as they are for `country`, else for your own country where it is known, and with a " +
			"`discount_code`, which is refused as a checkout would refuse it. Prices are those the items were put in at: see `price_changed`.",
		tag: "cart", permission: auth.UseCart,
		problems: []code{
			notShippable, unknownDiscountCode, discountNotStarted, discountExpired, discountExhausted,
			discountAlreadyUsed, discountMinimumNotMet,
		},
	}, a.getCart)
	register(a, operation{
		id: "put-cart-item", method: http.MethodPut, path: "/api/cart/items/{item_id}",
		summary: "Put a product in your cart and hold its stock",
		about: "The quantity takes the place of the one before, the price is the catalogue's, and the hold " +
			"starts anew. An item whose hold has expired stays in the cart, and is reserved at checkout if it still can be.",
		tag: "cart", permission: auth.UseCart,
		problems: []code{notFound, outOfStock, checkoutInProgress, customerInactive, cartFull},
	}, a.putCartItem)
	register(a, operation{
		id: "delete-cart-item", method: http.MethodDelete, path: "/api/cart/items/{item_id}", status: http.StatusOK,
		summary: "Take a product out of your cart", tag: "cart", permission: auth.UseCart,
		problems: []code{checkoutInProgress, customerInactive},
	}, a.deleteCartItem)
	register(a, operation{
		id: "delete-cart", method: http.MethodDelete, path: "/api/cart", status: http.StatusOK,
		summary: "Empty your cart", tag: "cart", permission: auth.UseCart,
		problems: []code{checkoutInProgress, customerInactive},
	}, a.deleteCart)
}

type cartOutput struct {
	Body order.Cart
}

func cartOf(cart order.Cart, err error) (*cartOutput, error) {
	if err != nil {
		return nil, shortageOf(err)
	}
	return &cartOutput{cart}, nil
}

// shortageOf says which product is short of how many, when that is what went wrong.
func shortageOf(err error) error {
	var short *store.Shortage
	if !errors.As(err, &short) {
		return err
	}
	return shortage(short)
}

func shortage(short *store.Shortage) *Problem {
	return problem(outOfStock, FieldProblem{
		fmt.Sprintf("items[%d]", short.ProductID),
		fmt.Sprintf("%d more asked for, %d available", short.Requested, short.Available),
	})
}

type getCartInput struct {
	DiscountCode string `query:"discount_code" maxLength:"64"`
	Country      string `query:"country" pattern:"^[A-Z]{2}$" doc:"Where it would be sent."`
	Region       string `query:"region" pattern:"^[A-Z0-9]{1,3}$" doc:"What follows the country in ISO 3166-2."`
}

func (a *API) getCart(ctx context.Context, in *getCartInput) (*cartOutput, error) {
	cart, err := a.DB.CartOf(ctx, principalOf(ctx).CustomerID, store.CartQuote{
		DiscountCode: strings.TrimSpace(in.DiscountCode), Country: in.Country, Region: in.Region,
	})
	if err != nil {
		return nil, refusalOf(err)
	}
	return &cartOutput{cart}, nil
}

// ByItemID is embedded in the input of an operation on one item of a cart.
type ByItemID struct {
	ItemID int64 `path:"item_id" minimum:"1" doc:"A product's id."`
}

type putCartItemInput struct {
	ByItemID
	Body struct {
		Qty int64 `json:"qty" minimum:"1" maximum:"10000"`
	} `nameHint:"CartItem"`
}

func (a *API) putCartItem(ctx context.Context, in *putCartItemInput) (*cartOutput, error) {
	cart, err := a.DB.PutCartItem(ctx, principalOf(ctx).CustomerID, in.ItemID, in.Body.Qty, a.Shop.HoldTTL)
	if errors.Is(err, store.ErrUnknownProduct) {
		return nil, problem(notFound)
	}
	return cartOf(cart, err)
}

func (a *API) deleteCartItem(ctx context.Context, in *ByItemID) (*cartOutput, error) {
	return cartOf(a.DB.DropCartItem(ctx, principalOf(ctx).CustomerID, in.ItemID))
}

func (a *API) deleteCart(ctx context.Context, _ *struct{}) (*cartOutput, error) {
	return cartOf(a.DB.EmptyCart(ctx, principalOf(ctx).CustomerID))
}

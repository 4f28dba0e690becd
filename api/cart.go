package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
)

// cart serves the customer's cart: what is in it is held for them until it expires.
func (a *API) cart() {
	register(a, operation{
		id: "get-cart", method: http.MethodGet, path: "/api/cart",
		summary: "Show your cart", tag: "cart", permission: auth.UseCart,
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
	var shortage *store.Shortage
	if !errors.As(err, &shortage) {
		return err
	}
	return problem(outOfStock, FieldProblem{
		fmt.Sprintf("items[%d]", shortage.ProductID),
		fmt.Sprintf("%d more asked for, %d available", shortage.Requested, shortage.Available),
	})
}

func (a *API) getCart(ctx context.Context, _ *struct{}) (*cartOutput, error) {
	return cartOf(a.DB.CartOf(ctx, principalOf(ctx).CustomerID))
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

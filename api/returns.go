package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// returns serves goods on their way back.
func (a *API) returns() {
	const path = "/api/orders/{id}/returns"
	register(a, operation{
		id: "list-returns", method: http.MethodGet, path: path,
		summary: "List what is sent back of an order, newest first", tag: "orders",
		permission: auth.ReadOrders, problems: []code{notFound, invalidCursor},
	}, a.listReturns)
	register(a, operation{
		id: "return-items", method: http.MethodPost, path: path, status: http.StatusCreated,
		summary: "Send back what has arrived",
		about: "Money is paid back when the vendor, or an operator, has received the goods. A customer may send something " +
			"back for a while after its delivery, an operator may book a return at any time.",
		tag: "orders", permission: auth.ReturnOrders,
		problems: []code{
			notFound, idempotencyKeyMissing, idempotencyMismatch, idempotencyInFlight, notDelivered, notInOrder, tooManyUnits,
			returnWindowOver, orderImported,
		},
	}, a.returnItems)
	register(a, operation{
		id: "list-vendor-returns", method: http.MethodGet, path: "/api/vendor/returns",
		summary: "List what is sent back to you, newest first, with your lines only",
		about:   "`status` is that of your lines: `received` once you have received them, whatever another vendor has to receive yet.",
		tag:     "vendor", permission: auth.FulfilOrders, problems: []code{invalidCursor},
	}, a.listVendorReturns)
	register(a, operation{
		id: "get-return", method: http.MethodGet, path: "/api/returns/{id}",
		summary: "Show a return",
		about:   "A customer sees their own, a vendor their own lines and where those stand, an operator all.",
		tag:     "orders", permission: auth.ReadReturns, problems: []code{notFound},
	}, a.getReturn)
	register(a, operation{
		id: "receive-return", method: http.MethodPost, path: "/api/returns/{id}/receive", status: http.StatusOK,
		summary: "Book in what came back, and pay it back",
		about: "A vendor receives their own products, an operator all. What is not restocked is written off. Receiving again " +
			"changes nothing, and is refused where it says something else. The last of an order to come back takes the shipping with it.",
		tag: "orders", permission: auth.FulfilOrders,
		problems: []code{notFound, returnOver, refundExceedsPaid, notInOrder},
	}, a.receiveReturn)
	register(a, operation{
		id: "reject-return", method: http.MethodPost, path: "/api/returns/{id}/reject", status: http.StatusOK,
		summary: "Refuse a return of which nothing was received", tag: "orders",
		permission: auth.RefundOrders, problems: []code{notFound, returnOver},
	}, a.rejectReturn)
}

type returnOutput struct {
	Body order.Return
}

func returnOf(document json.RawMessage) (*returnOutput, error) {
	var r order.Return
	if err := json.Unmarshal(document, &r); err != nil {
		return nil, fmt.Errorf("read return: %w", err)
	}
	return &returnOutput{r}, nil
}

type returnsOutput struct {
	Body List[order.Return]
}

func (a *API) listReturns(ctx context.Context, in *listOfOrderInput) (*returnsOutput, error) {
	if _, err := a.DB.FindOrder(ctx, in.ID, ownOrders(ctx)); err != nil {
		return nil, err
	}
	asked := shopdb.ListReturnsParams{OrderID: in.ID, Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListReturns(ctx, asked)
	if err != nil {
		return nil, err
	}
	var unread error
	page := paged(in.Page, rows, func(row shopdb.ListReturnsRow) order.Return {
		var r order.Return
		unread = errors.Join(unread, json.Unmarshal(row.Document, &r))
		return r
	}, func(row shopdb.ListReturnsRow) any { return row.ID })
	return &returnsOutput{page}, unread
}

type vendorReturnsInput struct {
	Page
	VendorID optional[int64]  `query:"vendor_id" minimum:"1" doc:"For operators, who must say whose."`
	Status   optional[string] `query:"status" enum:"requested,received,rejected"`
}

func (a *API) listVendorReturns(ctx context.Context, in *vendorReturnsInput) (*returnsOutput, error) {
	vendor := ownVendor(ctx)
	if vendor == nil {
		vendor = in.VendorID.value()
	}
	if vendor == nil {
		return nil, invalid("query.vendor_id", "expected the vendor whose returns are asked for")
	}
	if asked := in.VendorID.value(); asked != nil && *asked != *vendor {
		return &returnsOutput{List[order.Return]{Items: []order.Return{}}}, nil
	}
	asked := shopdb.ListVendorReturnsParams{VendorID: *vendor, Status: in.Status.value(), Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListVendorReturns(ctx, asked)
	if err != nil {
		return nil, err
	}
	var unread error
	page := paged(in.Page, rows, func(row shopdb.ListVendorReturnsRow) order.Return {
		var r order.Return
		unread = errors.Join(unread, json.Unmarshal(row.Document, &r))
		return r
	}, func(row shopdb.ListVendorReturnsRow) any { return row.ID })
	return &returnsOutput{page}, unread
}

func (a *API) getReturn(ctx context.Context, in *ReturnByID) (*returnOutput, error) {
	principal := principalOf(ctx)
	document, err := a.DB.FindReturn(ctx, in.ID, ownOrders(ctx), nil)
	if errors.Is(err, store.ErrNotFound) && principal.Has(auth.Vendor) {
		document, err = a.DB.FindReturn(ctx, in.ID, nil, &principal.VendorID)
	}
	if err != nil {
		return nil, err
	}
	return returnOf(document)
}

type returnItemsInput struct {
	IdempotencyKey
	OrderByID
	Body struct {
		Items  []unitsBody `json:"items" minItems:"1" maxItems:"100"`
		Reason string      `json:"reason,omitempty" maxLength:"500"`
	} `nameHint:"NewReturn"`
}

func (a *API) returnItems(ctx context.Context, in *returnItemsInput) (*returnOutput, error) {
	request, id, err := newRequest(ctx, "return", in.IdempotencyKey, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	asked := store.AskReturn{
		Request: request, ID: id, OrderID: in.ID, CustomerID: ownOrders(ctx),
		Items: unitsOf(in.Body.Items), Reason: in.Body.Reason, By: string(auth.Admin),
	}
	if asked.CustomerID != nil {
		asked.Window, asked.By = &a.Shop.ReturnWindow, string(auth.Customer)
	}
	document, earlier, err := a.DB.RequestReturn(ctx, asked, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	if document, err = onceMore(document, earlier); err != nil {
		return nil, err
	}
	return returnOf(document)
}

// ReturnByID is embedded in the input of an operation on one return.
type ReturnByID struct {
	ID uuid.UUID `path:"id"`
}

type receiveReturnInput struct {
	ReturnByID
	Body struct {
		Restock bool `json:"restock" doc:"Whether the goods go back on the shelf; else they are written off."`
		Except  []struct {
			ItemID  int64 `json:"item_id" minimum:"1"`
			Restock bool  `json:"restock"`
		} `json:"except,omitempty" maxItems:"100" doc:"Products for which it is otherwise."`
		RefundAmount *money.Amount `json:"refund_amount,omitempty" doc:"To be paid back; without it, all that was paid for the goods."`
	} `nameHint:"Receipt"`
}

func (a *API) receiveReturn(ctx context.Context, in *receiveReturnInput) (*returnOutput, error) {
	if in.Body.RefundAmount != nil && *in.Body.RefundAmount < 0 {
		return nil, invalid("body.refund_amount", "expected 0.00 or more")
	}
	orderID, err := a.DB.OrderOfReturn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	refundID, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	receipt := store.Receipt{
		OrderID: orderID, ReturnID: in.ID, VendorID: ownVendor(ctx), Restock: in.Body.Restock,
		Exceptions: map[int64]bool{}, Amount: in.Body.RefundAmount, RefundID: refundID, By: string(auth.Admin),
	}
	if receipt.VendorID != nil {
		receipt.By = string(auth.Vendor)
	}
	for _, exception := range in.Body.Except {
		receipt.Exceptions[exception.ItemID] = exception.Restock
	}
	document, refunded, err := a.DB.ReceiveReturn(ctx, receipt)
	if err != nil {
		return nil, err
	}
	if refunded {
		a.startRefund(ctx, refundID)
	}
	return returnOf(document)
}

type rejectReturnInput struct {
	ReturnByID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	} `nameHint:"Rejection"`
}

func (a *API) rejectReturn(ctx context.Context, in *rejectReturnInput) (*returnOutput, error) {
	orderID, err := a.DB.OrderOfReturn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	document, err := a.DB.RejectReturn(ctx, orderID, in.ID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return returnOf(document)
}

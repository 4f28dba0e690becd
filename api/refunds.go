package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// refunds serves the money that is given back of an order.
func (a *API) refunds() {
	const path = "/api/orders/{id}/refunds"
	register(a, operation{
		id: "list-refunds", method: http.MethodGet, path: path,
		summary: "List what was given back of an order, newest first", tag: "orders",
		permission: auth.ReadOrders, problems: []code{notFound, invalidCursor},
	}, a.listRefunds)
	register(a, operation{
		id: "refund-order", method: http.MethodPost, path: path, status: http.StatusCreated,
		summary: "Pay back units of what arrived, or an amount",
		about: "The refund is written down with the request and paid by a workflow: it is `pending` at first, then " +
			"`completed`, or `failed` with the payment provider's reason. A unit's money is its share of the line's price " +
			"and tax, to the cent; the shipping is paid back when everything has come back. Never more than was captured.",
		tag: "orders", permission: auth.RefundOrders,
		problems: []code{
			notFound, idempotencyKeyMissing, idempotencyMismatch, idempotencyInFlight, notDelivered, notInOrder, tooManyUnits,
			refundExceedsPaid, nothingToRefund, orderImported,
		},
	}, a.refundOrder)
	register(a, operation{
		id: "get-refund", method: http.MethodGet, path: "/api/refunds/{id}",
		summary: "Show a refund", tag: "orders",
		permission: auth.ReadOrders, problems: []code{notFound},
	}, a.getRefund)
	register(a, operation{
		id: "retry-refund", method: http.MethodPost, path: "/api/refunds/{id}/retry", status: http.StatusCreated,
		summary: "Ask again for a refund that has failed",
		about: "The refund that failed stays on record; another of the same is asked for, whose `retry_of` names it. Asking twice " +
			"gives the same one.",
		tag: "orders", permission: auth.RefundOrders, problems: []code{notFound, refundNotFailed, refundExceedsPaid, tooManyUnits},
	}, a.retryRefund)
}

// refundBody is a refund with what leads on from it.
type refundBody struct {
	order.Refund
	Links refundLinks `json:"links"`
}

type refundLinks struct {
	Order    string `json:"order"`
	Workflow string `json:"workflow,omitempty" doc:"The history of its payment in the Temporal UI; for operators, and absent where no money flows."`
}

func (a *API) refundBodyOf(ctx context.Context, document json.RawMessage) (refundBody, error) {
	var r order.Refund
	if err := json.Unmarshal(document, &r); err != nil {
		return refundBody{}, fmt.Errorf("read refund: %w", err)
	}
	body := refundBody{Refund: r, Links: refundLinks{Order: orderPath(r.OrderID)}}
	if r.Kind == "refund" && principalOf(ctx).Has(auth.Admin) {
		body.Links.Workflow = a.historyOf(workflows.RefundID(r.ID))
	}
	return body, nil
}

type listOfOrderInput struct {
	OrderByID
	Page
}

type refundsOutput struct {
	Body List[refundBody]
}

func (a *API) listRefunds(ctx context.Context, in *listOfOrderInput) (*refundsOutput, error) {
	if _, err := a.DB.FindOrder(ctx, in.ID, ownOrders(ctx)); err != nil {
		return nil, err
	}
	asked := shopdb.ListRefundsParams{OrderID: in.ID, Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListRefunds(ctx, asked)
	if err != nil {
		return nil, err
	}
	var unread error
	page := paged(in.Page, rows, func(row shopdb.ListRefundsRow) refundBody {
		body, err := a.refundBodyOf(ctx, row.Document)
		if err != nil {
			unread = err
		}
		return body
	}, func(row shopdb.ListRefundsRow) any { return row.ID })
	return &refundsOutput{page}, unread
}

// unitsBody is a number of units of a product.
type unitsBody struct {
	ItemID int64 `json:"item_id" minimum:"1"`
	Qty    int64 `json:"qty" minimum:"1" maximum:"10000"`
}

func unitsOf(items []unitsBody) []store.Units {
	units := make([]store.Units, len(items))
	for i, item := range items {
		units[i] = store.Units(item)
	}
	return units
}

type refundOrderInput struct {
	IdempotencyKey
	OrderByID
	Body struct {
		Amount  *money.Amount `json:"amount,omitempty" doc:"Spread over everything that arrived. Either this or items."`
		Items   []unitsBody   `json:"items,omitempty" maxItems:"100"`
		Restock bool          `json:"restock,omitempty" doc:"The units of items came back and go on the shelf."`
		Reason  string        `json:"reason,omitempty" maxLength:"500"`
	} `nameHint:"NewRefund"`
}

type refundOutput struct {
	Body refundBody
}

func (a *API) refundOrder(ctx context.Context, in *refundOrderInput) (*refundOutput, error) {
	switch {
	case (in.Body.Amount == nil) == (len(in.Body.Items) == 0):
		return nil, invalid("body", "expected either amount or items")
	case in.Body.Amount != nil && *in.Body.Amount <= 0:
		return nil, invalid("body.amount", "expected more than 0.00")
	case in.Body.Amount != nil && in.Body.Restock:
		return nil, invalid("body.restock", "expected items to be restocked")
	}
	request, id, err := newRequest(ctx, "refund", in.IdempotencyKey, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	document, earlier, err := a.DB.RequestRefund(ctx, store.AskRefund{
		Request: request, ID: id, OrderID: in.ID, Items: unitsOf(in.Body.Items), Amount: in.Body.Amount,
		Restock: in.Body.Restock, Reason: in.Body.Reason, By: string(auth.Admin),
	}, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	if document, err = onceMore(document, earlier); err != nil {
		return nil, err
	}
	body, err := a.refundBodyOf(ctx, document)
	if err == nil {
		a.startRefund(ctx, body.ID)
	}
	return &refundOutput{body}, err
}

// RefundByID is embedded in the input of an operation on one refund.
type RefundByID struct {
	ID uuid.UUID `path:"id"`
}

func (a *API) getRefund(ctx context.Context, in *RefundByID) (*refundOutput, error) {
	document, err := a.DB.FindRefund(ctx, in.ID, ownOrders(ctx))
	if err != nil {
		return nil, err
	}
	body, err := a.refundBodyOf(ctx, document)
	return &refundOutput{body}, err
}

func (a *API) retryRefund(ctx context.Context, in *RefundByID) (*refundOutput, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	document, err := a.DB.RetryRefund(ctx, in.ID, id, string(auth.Admin))
	if err != nil {
		return nil, err
	}
	body, err := a.refundBodyOf(ctx, document)
	if err == nil {
		a.startRefund(ctx, body.ID)
	}
	return &refundOutput{body}, err
}

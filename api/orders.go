package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/workflows"
)

// orders serves what was bought. A customer sees their own, an operator all.
func (a *API) orders() {
	register(a, operation{
		id: "list-orders", method: http.MethodGet, path: "/api/orders",
		summary: "List orders, newest first", tag: "orders",
		permission: auth.ReadOrders, problems: []code{invalidCursor},
	}, a.listOrders)
	register(a, operation{
		id: "get-order", method: http.MethodGet, path: "/api/orders/{id}",
		summary: "Show an order", tag: "orders",
		permission: auth.ReadOrders, problems: []code{notFound},
	}, a.getOrder)
}

// orderBody is an order with what leads on from it.
type orderBody struct {
	order.Document
	Links orderLinks `json:"links"`
}

// orderLinks leads on from an order.
type orderLinks struct {
	Self     string `json:"self"`
	Workflow string `json:"workflow,omitempty" doc:"The history of its checkout in the Temporal UI; absent for an order that was imported."`
	Shipping string `json:"shipping,omitempty" doc:"The history of its fulfilment in the Temporal UI, once that has begun."`
}

func orderPath(id uuid.UUID) string { return "/api/orders/" + id.String() }

// orderBodyOf shows an order to whoever asks: what a unit cost its vendor, to operators and that vendor.
func (a *API) orderBodyOf(ctx context.Context, o order.Document) orderBody {
	for i := range o.Items {
		if line := &o.Items[i]; !mayManage(principalOf(ctx), line.VendorID) {
			line.UnitCost = nil
		}
	}
	body := orderBody{Document: o, Links: orderLinks{Self: orderPath(o.ID)}}
	if o.PaymentProvider != order.ImportedProvider {
		body.Links.Workflow = a.historyOf(workflows.CheckoutID(o.ID))
		if len(o.Shipments) > 0 {
			body.Links.Shipping = a.historyOf(workflows.FulfilmentID(o.ID))
		}
	}
	return body
}

// historyOf is the page of a workflow in the Temporal UI.
func (a *API) historyOf(workflowID string) string {
	return a.Workflow.UI + "/namespaces/" + url.PathEscape(a.Workflow.Namespace) + "/workflows/" + url.PathEscape(workflowID)
}

type listOrdersInput struct {
	Page
	Status        optional[string]    `query:"status" enum:"pending,confirmed,shipped,delivered,cancelled,returned"`
	PaymentStatus optional[string]    `query:"payment_status" enum:"pending,authorized,completed,failed,partially_refunded,refunded"`
	Channel       optional[string]    `query:"channel" enum:"web,api,counter,phone"`
	CustomerID    optional[int64]     `query:"customer_id" minimum:"1" doc:"For operators."`
	PlacedFrom    optional[time.Time] `query:"placed_from" doc:"Placed at this time or later."`
	PlacedBefore  optional[time.Time] `query:"placed_before"`
}

type ordersOutput struct {
	Body List[orderBody]
}

func (a *API) listOrders(ctx context.Context, in *listOrdersInput) (*ordersOutput, error) {
	filter := store.OrderFilter{
		CustomerID: in.CustomerID.value(), Status: (*order.Status)(in.Status.value()),
		PaymentStatus: (*order.PaymentStatus)(in.PaymentStatus.value()), Channel: in.Channel.value(),
		PlacedFrom: in.PlacedFrom.value(), PlacedBefore: in.PlacedBefore.value(), Limit: in.fetch(),
	}
	if err := in.after(&filter.Before); err != nil {
		return nil, err
	}
	if own := ownOrders(ctx); own != nil {
		if filter.CustomerID != nil && *filter.CustomerID != *own {
			return &ordersOutput{List[orderBody]{Items: []orderBody{}}}, nil
		}
		filter.CustomerID = own
	}
	found, err := a.DB.FindOrders(ctx, filter)
	if err != nil {
		return nil, err
	}
	show := func(o order.Document) orderBody { return a.orderBodyOf(ctx, o) }
	return &ordersOutput{paged(in.Page, found, show, func(o order.Document) any { return o.ID })}, nil
}

type orderByID struct {
	ID uuid.UUID `path:"id"`
}

type orderOutput struct {
	Body orderBody
}

func (a *API) getOrder(ctx context.Context, in *orderByID) (*orderOutput, error) {
	found, err := a.DB.FindOrder(ctx, in.ID, ownOrders(ctx))
	if err != nil {
		return nil, err
	}
	return &orderOutput{a.orderBodyOf(ctx, found)}, nil
}

// ownOrders is whose orders the request may see; nil for everybody's.
func ownOrders(ctx context.Context) *int64 {
	principal := principalOf(ctx)
	if principal.Has(auth.Admin) {
		return nil
	}
	return &principal.CustomerID
}

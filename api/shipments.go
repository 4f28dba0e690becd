package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// shipments serves what vendors send: an order's to its customer, a vendor's own to the vendor.
func (a *API) shipments() {
	register(a, operation{
		id: "list-order-shipments", method: http.MethodGet, path: "/api/orders/{id}/shipments",
		summary: "List the shipments of an order", tag: "orders",
		about:      "One for each vendor of its lines, of which an order has at most 100: all of them in one answer.",
		permission: auth.ReadOrders, problems: []code{notFound},
	}, a.listOrderShipments)
	register(a, operation{
		id: "list-vendor-orders", method: http.MethodGet, path: "/api/vendor/orders",
		summary: "List the orders that hold your products, with your lines only", tag: "vendor",
		permission: auth.FulfilOrders, problems: []code{invalidCursor},
	}, a.listVendorOrders)
	const path = "/api/vendor/shipments"
	register(a, operation{
		id: "list-vendor-shipments", method: http.MethodGet, path: path,
		summary: "List your shipments, newest first", tag: "vendor",
		permission: auth.FulfilOrders, problems: []code{invalidCursor},
	}, a.listVendorShipments)
	register(a, operation{
		id: "get-vendor-shipment", method: http.MethodGet, path: path + "/{id}",
		summary: "Show a shipment", tag: "vendor",
		permission: auth.FulfilOrders, problems: []code{notFound},
	}, a.getVendorShipment)
	register(a, operation{
		id: "pack-shipment", method: http.MethodPost, path: path + "/{id}/pack", status: http.StatusOK,
		summary: "Say that a shipment is packed",
		about:   "Its label is bought at once. Packing again changes nothing.",
		tag:     "vendor", permission: auth.FulfilOrders, problems: []code{notFound, shipmentCancelled},
	}, a.packShipment)
	register(a, operation{
		id: "ship-shipment", method: http.MethodPost, path: path + "/{id}/ship", status: http.StatusOK,
		summary: "Send a shipment off",
		about: "From here on it cannot be cancelled. Its payment is captured and the parcel goes to the carrier: it is `released` " +
			"until then. Sending off again changes nothing.",
		tag: "vendor", permission: auth.FulfilOrders, problems: []code{notFound, shipmentCancelled},
	}, a.shipShipment)
	register(a, operation{
		id: "cancel-shipment", method: http.MethodPost, path: path + "/{id}/cancel", status: http.StatusOK,
		summary: "Give up a shipment that you cannot send",
		about: "The customer gets their money for it back, or is not charged; the rest of the order goes on. The goods go back on " +
			"the shelf, unless they are not there or damaged: then they are written off. Cancelling again changes nothing.",
		tag: "vendor", permission: auth.FulfilOrders, problems: []code{notFound, shipmentNotCancellable},
	}, a.cancelShipment)
}

type orderShipmentsOutput struct {
	Body struct {
		Items []order.Shipment `json:"items"`
	} `nameHint:"OrderShipments"`
}

func (a *API) listOrderShipments(ctx context.Context, in *orderByID) (*orderShipmentsOutput, error) {
	found, err := a.DB.FindOrder(ctx, in.ID, ownOrders(ctx))
	if err != nil {
		return nil, err
	}
	out := &orderShipmentsOutput{}
	out.Body.Items = found.Shipments
	return out, nil
}

type vendorOrdersInput struct {
	Page
	VendorID optional[int64]  `query:"vendor_id" minimum:"1" doc:"For operators, who must say whose."`
	Status   optional[string] `query:"status" enum:"confirmed,shipped,delivered,cancelled,returned"`
}

type vendorOrdersOutput struct {
	Body List[order.VendorOrder]
}

func (a *API) listVendorOrders(ctx context.Context, in *vendorOrdersInput) (*vendorOrdersOutput, error) {
	vendor := ownVendor(ctx)
	if vendor == nil {
		vendor = in.VendorID.value()
	}
	if vendor == nil {
		return nil, invalid("query.vendor_id", "expected the vendor whose orders are asked for")
	}
	if asked := in.VendorID.value(); asked != nil && *asked != *vendor {
		return &vendorOrdersOutput{List[order.VendorOrder]{Items: []order.VendorOrder{}}}, nil
	}
	asked := shopdb.ListVendorOrdersParams{VendorID: *vendor, Status: in.Status.value(), Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListVendorOrders(ctx, asked)
	if err != nil {
		return nil, err
	}
	var unread error
	page := paged(in.Page, rows, func(row shopdb.ListVendorOrdersRow) order.VendorOrder {
		var o order.VendorOrder
		unread = errors.Join(unread, json.Unmarshal(row.Document, &o))
		return o
	}, func(row shopdb.ListVendorOrdersRow) any { return row.ID })
	return &vendorOrdersOutput{page}, unread
}

// vendorShipmentBody is a shipment with what leads on from it.
type vendorShipmentBody struct {
	order.VendorShipment
	Links shipmentLinks `json:"links"`
}

type shipmentLinks struct {
	Self     string `json:"self"`
	Workflow string `json:"workflow,omitempty" doc:"The history of the order's fulfilment in the Temporal UI; for operators."`
}

func (a *API) vendorShipmentOf(ctx context.Context, document json.RawMessage) (vendorShipmentBody, error) {
	var s order.VendorShipment
	if err := json.Unmarshal(document, &s); err != nil {
		return vendorShipmentBody{}, fmt.Errorf("read shipment: %w", err)
	}
	body := vendorShipmentBody{VendorShipment: s, Links: shipmentLinks{Self: "/api/vendor/shipments/" + s.ID.String()}}
	if principalOf(ctx).Has(auth.Admin) {
		body.Links.Workflow = a.historyOf(workflows.FulfilmentID(s.OrderID))
	}
	return body, nil
}

type vendorShipmentsInput struct {
	Page
	VendorID optional[int64]  `query:"vendor_id" minimum:"1" doc:"For operators."`
	Status   optional[string] `query:"status" enum:"pending,packed,released,shipped,delivered,cancelled,lost,returned_to_sender"`
}

type vendorShipmentsOutput struct {
	Body List[vendorShipmentBody]
}

func (a *API) listVendorShipments(ctx context.Context, in *vendorShipmentsInput) (*vendorShipmentsOutput, error) {
	asked := shopdb.ListShipmentsParams{VendorID: in.VendorID.value(), Status: in.Status.value(), Page: in.fetch()}
	if own := ownVendor(ctx); own != nil {
		if asked.VendorID != nil && *asked.VendorID != *own {
			return &vendorShipmentsOutput{List[vendorShipmentBody]{Items: []vendorShipmentBody{}}}, nil
		}
		asked.VendorID = own
	}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListShipments(ctx, asked)
	if err != nil {
		return nil, err
	}
	var unread error
	page := paged(in.Page, rows, func(row shopdb.ListShipmentsRow) vendorShipmentBody {
		body, err := a.vendorShipmentOf(ctx, row.Document)
		unread = errors.Join(unread, err)
		return body
	}, func(row shopdb.ListShipmentsRow) any { return row.ID })
	return &vendorShipmentsOutput{page}, unread
}

// ShipmentByID is embedded in the input of an operation on one shipment.
type ShipmentByID struct {
	ID uuid.UUID `path:"id"`
}

type vendorShipmentOutput struct {
	Body vendorShipmentBody
}

func (a *API) getVendorShipment(ctx context.Context, in *ShipmentByID) (*vendorShipmentOutput, error) {
	rows, err := a.DB.ListShipments(ctx, shopdb.ListShipmentsParams{VendorID: ownVendor(ctx), Chosen: &in.ID, Page: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, problem(notFound)
	}
	body, err := a.vendorShipmentOf(ctx, rows[0].Document)
	return &vendorShipmentOutput{body}, err
}

// changeShipment does something with a shipment of the request's own, has the order's fulfilment go
// on with it, and shows where it stands then.
func (a *API) changeShipment(
	ctx context.Context, in *ShipmentByID, change func(ctx context.Context) (order.ShipmentStatus, error), refuse func(order.ShipmentStatus) code,
) (*vendorShipmentOutput, error) {
	before, err := a.getVendorShipment(ctx, in)
	if err != nil {
		return nil, err
	}
	status, err := change(ctx)
	if err != nil {
		return nil, err
	}
	if why := refuse(status); why != "" {
		return nil, problem(why)
	}
	if status == order.ShipmentPacked || status == order.ShipmentReleased || status == order.ShipmentCancelled {
		a.tellShipment(ctx, before.Body.OrderID, in.ID)
	}
	return a.getVendorShipment(ctx, in)
}

// unlessCancelled refuses what can no longer be done with a shipment that was cancelled.
func unlessCancelled(status order.ShipmentStatus) code {
	if status == order.ShipmentCancelled {
		return shipmentCancelled
	}
	return ""
}

// byVendor is who packs through the API: vendors, and operators for them.
const byVendor = "vendor"

func (a *API) packShipment(ctx context.Context, in *ShipmentByID) (*vendorShipmentOutput, error) {
	return a.changeShipment(ctx, in, func(ctx context.Context) (order.ShipmentStatus, error) {
		packed, err := a.DB.PackShipment(ctx, shopdb.PackShipmentParams{ID: in.ID, PackedBy: byVendor})
		return order.ShipmentStatus(packed.Status), err
	}, unlessCancelled)
}

func (a *API) shipShipment(ctx context.Context, in *ShipmentByID) (*vendorShipmentOutput, error) {
	return a.changeShipment(ctx, in, func(ctx context.Context) (order.ShipmentStatus, error) {
		status, err := a.DB.ReleaseShipment(ctx, shopdb.ReleaseShipmentParams{ID: in.ID, PackedBy: byVendor})
		return order.ShipmentStatus(status), err
	}, unlessCancelled)
}

type cancelShipmentInput struct {
	ShipmentByID
	Body struct {
		Reason string `json:"reason" enum:"out_of_stock,damaged,other" doc:"out_of_stock, damaged: the goods are written off. other: they go back on the shelf."`
	} `nameHint:"ShipmentCancellation"`
}

// vendorReasons says what a vendor's reason means.
var vendorReasons = map[string]order.CancelReason{
	"out_of_stock": order.VendorOutOfStock, "damaged": order.GoodsDamaged, "other": order.CancelledByVendor,
}

func (a *API) cancelShipment(ctx context.Context, in *cancelShipmentInput) (*vendorShipmentOutput, error) {
	by := byVendor
	if ownVendor(ctx) == nil {
		by = string(auth.Admin)
	}
	return a.changeShipment(ctx, &in.ShipmentByID, func(ctx context.Context) (order.ShipmentStatus, error) {
		return a.DB.CancelShipment(ctx, store.ShipmentCancellation{
			ShipmentID: in.ID, Reason: vendorReasons[in.Body.Reason], By: by, Restock: in.Body.Reason == "other",
		})
	}, func(status order.ShipmentStatus) code {
		if status != order.ShipmentCancelled {
			return shipmentNotCancellable
		}
		return ""
	})
}

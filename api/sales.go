package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// sales serves what was sold elsewhere, and the list of all that was sold, line by line. A vendor
// sells and sees their own products, an operator all.
func (a *API) sales() {
	register(a, operation{
		id: "register-sale", method: http.MethodPost, path: "/api/sales", status: http.StatusCreated, later: true,
		summary: "Register a sale made at the counter or by phone",
		about: "All of the items or none. Cash is taken at the counter only, and then and there. A sale by phone needs a " +
			"`shipping_address`; one at the counter is not sent, and is taxed where the first item's vendor is unless " +
			"an address says otherwise. A vendor sells their own products. " + aboutPlacing,
		tag: "sales", permission: auth.RegisterSales,
		problems: append(slices.Clone(placingProblems), duplicateItem, unknownReference),
	}, a.registerSale)
	register(a, operation{
		id: "list-sales", method: http.MethodGet, path: "/api/sales/transactions",
		summary: "List what was sold, line by line, newest order first",
		about:   "Orders that were cancelled or wait for their payment are listed as well: see `status`. A vendor sees their own lines.",
		tag:     "sales", permission: auth.ReadSales, problems: []code{invalidCursor},
	}, a.listSales)
}

// salePayment is how a sale made elsewhere is paid.
type salePayment struct {
	Type  string `json:"type" enum:"cash,card"`
	Token string `json:"token,omitempty" minLength:"1" maxLength:"255" doc:"The payment provider's one-time token; needed for card."`
}

type registerSaleInput struct {
	Placing
	Body struct {
		CustomerID      int64            `json:"customer_id" minimum:"1" doc:"Somebody new is added first: POST /api/identity/customers."`
		Channel         string           `json:"channel" enum:"counter,phone"`
		Items           []orderedItem    `json:"items" minItems:"1" maxItems:"100" nullable:"false" doc:"Each product once."`
		PaymentMethod   salePayment      `json:"payment_method"`
		ShippingAddress *shippingAddress `json:"shipping_address,omitempty"`
		DiscountCode    string           `json:"discount_code,omitempty" maxLength:"64"`
		Notes           string           `json:"notes,omitempty" maxLength:"1000"`
	} `nameHint:"NewSale"`
}

func (a *API) registerSale(ctx context.Context, in *registerSaleInput) (*placedOutput, error) {
	body := in.Body
	switch {
	case body.Channel == "phone" && body.ShippingAddress == nil:
		return nil, invalid("body.shipping_address", "expected for a sale by phone")
	case body.Channel == "phone" && body.PaymentMethod.Type == "cash":
		return nil, invalid("body.payment_method.type", "cash is taken at the counter")
	}
	items, err := itemsOf(body.Items)
	if err != nil {
		return nil, err
	}
	seller := principalOf(ctx)
	placing := store.Checkout{
		Operation: "sale", Scope: "user/" + strconv.FormatInt(seller.UserID, 10),
		CustomerID: body.CustomerID, Channel: body.Channel, Items: items, VendorID: ownSales(ctx),
		PaymentMethod: body.PaymentMethod.Type, PaymentToken: body.PaymentMethod.Token,
		ShippingAddress: body.ShippingAddress.address(),
		DiscountCode:    strings.TrimSpace(body.DiscountCode), Notes: strings.TrimSpace(body.Notes),
	}
	if placing.VendorID != nil {
		placing.Scope = "vendor/" + strconv.FormatInt(seller.VendorID, 10)
	}
	placed, err := a.place(ctx, placing, in.Placing, body)
	if errors.Is(err, store.ErrUnknownCustomer) {
		return nil, unknown("body.customer_id", "no such customer, or not active")
	}
	return placed, err
}

// ownSales is whose products the request may sell and see; nil for everybody's.
func ownSales(ctx context.Context) *int64 {
	principal := principalOf(ctx)
	if principal.Has(auth.Admin) {
		return nil
	}
	return &principal.VendorID
}

// saleLine is one product of one order.
type saleLine struct {
	OrderID         uuid.UUID    `json:"order_id"`
	LineNo          int32        `json:"line_no"`
	OrderDate       time.Time    `json:"order_date"`
	Channel         string       `json:"channel"`
	Status          string       `json:"status" doc:"Of the order."`
	PaymentMethod   string       `json:"payment_method"`
	PaymentStatus   string       `json:"payment_status"`
	CustomerID      int64        `json:"customer_id"`
	ItemID          int64        `json:"item_id"`
	ItemName        string       `json:"item_name" doc:"As it is called today."`
	CategoryID      int64        `json:"category_id" doc:"Where it is today."`
	VendorID        int64        `json:"vendor_id"`
	Qty             int64        `json:"qty"`
	UnitPrice       money.Amount `json:"unit_price"`
	UnitCost        money.Amount `json:"unit_cost" doc:"What a unit cost its vendor when it was sold."`
	DiscountPercent float64      `json:"discount_percent" doc:"Of the line's price before the discount; to four digits after the point."`
	DiscountAmount  money.Amount `json:"discount_amount"`
	TotalPrice      money.Amount `json:"total_price" doc:"After discount, before tax and shipping."`
	CreatedAt       time.Time    `json:"created_at"`
	Currency        string       `json:"currency"`
}

func saleLineOf(row shopdb.ListSalesRow) saleLine {
	shown := saleLine(row)
	shown.OrderDate, shown.CreatedAt = row.OrderDate.UTC(), row.CreatedAt.UTC()
	return shown
}

type listSalesInput struct {
	Page
	ItemID     optional[int64]     `query:"item_id" minimum:"1" doc:"A product's id."`
	CategoryID optional[int64]     `query:"category_id" minimum:"1" doc:"With all below it."`
	VendorID   optional[int64]     `query:"vendor_id" minimum:"1"`
	CustomerID optional[int64]     `query:"customer_id" minimum:"1"`
	Channel    optional[string]    `query:"channel" enum:"web,api,counter,phone"`
	Status     optional[string]    `query:"status" enum:"pending,confirmed,shipped,delivered,cancelled,returned"`
	SoldFrom   optional[time.Time] `query:"sold_from" doc:"Ordered at this time or later."`
	SoldBefore optional[time.Time] `query:"sold_before"`
}

// saleKey is where a page of sales ends.
type saleKey struct {
	OrderID uuid.UUID `json:"o"`
	LineNo  int32     `json:"l"`
}

type salesOutput struct {
	Body List[saleLine]
}

func (a *API) listSales(ctx context.Context, in *listSalesInput) (*salesOutput, error) {
	filter := shopdb.ListSalesParams{
		ItemID: in.ItemID.value(), CategoryID: in.CategoryID.value(), VendorID: in.VendorID.value(),
		CustomerID: in.CustomerID.value(), Channel: in.Channel.value(), Status: in.Status.value(),
		SoldFrom: in.SoldFrom.value(), SoldBefore: in.SoldBefore.value(), RowLimit: in.fetch(),
	}
	var before *saleKey
	if err := in.after(&before); err != nil {
		return nil, err
	}
	if before != nil {
		filter.BeforeOrderID, filter.BeforeLineNo = &before.OrderID, &before.LineNo
	}
	if own := ownSales(ctx); own != nil {
		if filter.VendorID != nil && *filter.VendorID != *own {
			return &salesOutput{List[saleLine]{Items: []saleLine{}}}, nil
		}
		filter.VendorID = own
	}
	rows, err := a.DB.FindSales(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &salesOutput{paged(in.Page, rows, saleLineOf, func(row shopdb.ListSalesRow) any {
		return saleKey{row.OrderID, row.LineNo}
	})}, nil
}

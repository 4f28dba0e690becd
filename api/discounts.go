package api

import (
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// discounts serves the codes that customers may send with an order.
func (a *API) discounts() {
	register(a, operation{
		id: "list-discounts", method: http.MethodGet, path: "/api/discounts",
		summary: "List discount codes", tag: "discounts",
		permission: auth.ManageDiscounts, problems: []code{invalidCursor},
	}, a.listDiscounts)
	register(a, operation{
		id: "create-discount", method: http.MethodPost, path: "/api/discounts", status: http.StatusCreated,
		summary: "Add a discount code",
		about:   "A percentage of the goods, or a fixed amount, at most their worth. By default each customer may use it once.",
		tag:     "discounts", permission: auth.ManageDiscounts, problems: []code{codeTaken},
	}, a.createDiscount)
	register(a, operation{
		id: "get-discount", method: http.MethodGet, path: "/api/discounts/{id}",
		summary: "Show a discount code and how often it was used", tag: "discounts",
		permission: auth.ManageDiscounts, problems: []code{notFound},
	}, a.getDiscount)
	register(a, operation{
		id: "replace-discount", method: http.MethodPut, path: "/api/discounts/{id}",
		summary: "Change a discount code",
		about:   "All of it: what is left out is as in a new one. Orders that have it stay as they are.",
		tag:     "discounts", permission: auth.ManageDiscounts, problems: []code{notFound, codeTaken},
	}, a.replaceDiscount)
	register(a, operation{
		id: "delete-discount", method: http.MethodDelete, path: "/api/discounts/{id}",
		summary: "Delete a discount code",
		about:   "One that was ever used is deactivated instead.",
		tag:     "discounts", permission: auth.ManageDiscounts, problems: []code{notFound},
	}, a.deleteDiscount)
}

type discount struct {
	ID              int64         `json:"id"`
	Code            string        `json:"code"`
	Description     string        `json:"description"`
	Kind            string        `json:"kind" enum:"percentage,fixed"`
	Percent         *float64      `json:"percent" doc:"Null for a fixed amount."`
	Amount          *money.Amount `json:"amount" nullable:"true" doc:"Null for a percentage."`
	MinimumSubtotal money.Amount  `json:"minimum_subtotal"`
	ValidFrom       *time.Time    `json:"valid_from"`
	ValidUntil      *time.Time    `json:"valid_until" doc:"Not valid any more from then on."`
	MaxUses         *int64        `json:"max_uses" doc:"Null: as often as you like."`
	UsesPerCustomer *int64        `json:"uses_per_customer" doc:"Null: as often as you like."`
	Uses            int64         `json:"uses" doc:"Orders that have it and were not cancelled."`
	IsActive        bool          `json:"is_active"`
	CreatedAt       time.Time     `json:"created_at"`
	UpdatedAt       time.Time     `json:"updated_at"`
}

func discountOf(row shopdb.OrderingDiscount) discount {
	shown := discount{
		ID: row.ID, Code: row.Code, Description: row.Description, Kind: row.Kind, Amount: row.Amount,
		MinimumSubtotal: row.MinimumSubtotal, ValidFrom: utc(row.ValidFrom), ValidUntil: utc(row.ValidUntil),
		MaxUses: row.MaxUses, UsesPerCustomer: row.UsesPerCustomer, Uses: row.Uses, IsActive: row.IsActive,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(),
	}
	if row.Percent.Valid {
		percent := row.Percent.Decimal.InexactFloat64()
		shown.Percent = &percent
	}
	return shown
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	in := at.UTC()
	return &in
}

type listDiscountsInput struct {
	Page
	Code     string         `query:"code" maxLength:"64" doc:"This code only, in capitals or not."`
	IsActive optional[bool] `query:"is_active"`
}

type discountsOutput struct {
	Body List[discount]
}

type discountOutput struct {
	Body discount
}

func (a *API) listDiscounts(ctx context.Context, in *listDiscountsInput) (*discountsOutput, error) {
	filter := shopdb.ListDiscountsParams{IsActive: in.IsActive.value(), RowLimit: in.fetch()}
	if in.Code != "" {
		filter.Code = &in.Code
	}
	if err := in.after(&filter.AfterID); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListDiscounts(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &discountsOutput{paged(in.Page, rows, discountOf, func(row shopdb.OrderingDiscount) any { return row.ID })}, nil
}

// DiscountBody is all that an operator says of a discount.
type DiscountBody struct {
	Code            string        `json:"code" pattern:"^[A-Za-z0-9_-]{1,64}$" patternDescription:"letters, digits, - and _" example:"SPRING15"`
	Description     string        `json:"description,omitempty" maxLength:"1000"`
	Kind            string        `json:"kind" enum:"percentage,fixed"`
	Percent         *float64      `json:"percent,omitempty" exclusiveMinimum:"0" maximum:"100" doc:"Of the goods, with at most two digits after the point; for a percentage."`
	Amount          *money.Amount `json:"amount,omitempty" doc:"For a fixed amount."`
	MinimumSubtotal money.Amount  `json:"minimum_subtotal,omitempty" doc:"Of the goods before discount."`
	ValidFrom       *time.Time    `json:"valid_from,omitempty"`
	ValidUntil      *time.Time    `json:"valid_until,omitempty"`
	MaxUses         int64         `json:"max_uses,omitempty" minimum:"0" doc:"By all customers; 0: as often as they like."`
	UsesPerCustomer *int64        `json:"uses_per_customer,omitempty" minimum:"0" doc:"0: as often as they like. By default 1."`
	IsActive        *bool         `json:"is_active,omitempty" doc:"By default true."`
}

// row checks what a schema cannot say, and makes the row of a new discount.
func (b *DiscountBody) row() (shopdb.CreateDiscountParams, error) {
	row := shopdb.CreateDiscountParams{
		Code: strings.ToUpper(b.Code), Description: b.Description, Kind: b.Kind, MinimumSubtotal: b.MinimumSubtotal,
		ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil, UsesPerCustomer: orNone(b.UsesPerCustomer, 1),
		MaxUses: orNone(&b.MaxUses, 0), IsActive: b.IsActive == nil || *b.IsActive,
	}
	switch {
	case b.Kind == "percentage" && (b.Percent == nil || b.Amount != nil):
		return row, invalid("body.percent", "expected for a percentage, without an amount")
	case b.Kind == "fixed" && (b.Amount == nil || b.Percent != nil):
		return row, invalid("body.amount", "expected for a fixed amount, without a percentage")
	case b.Percent != nil && !decimals(*b.Percent, 2):
		return row, invalid("body.percent", "expected at most two digits after the point")
	case b.Amount != nil && (*b.Amount <= 0 || *b.Amount >= dearest):
		return row, invalid("body.amount", "expected more than nothing and less than "+dearest.String())
	case b.MinimumSubtotal >= dearest:
		return row, invalid("body.minimum_subtotal", "expected less than "+dearest.String())
	case b.ValidFrom != nil && b.ValidUntil != nil && !b.ValidUntil.After(*b.ValidFrom):
		return row, invalid("body.valid_until", "expected a time after valid_from")
	}
	if b.Percent != nil {
		row.Percent = decimal.NewNullDecimal(decimal.NewFromFloat(*b.Percent).Round(2))
	}
	row.Amount = b.Amount
	return row, nil
}

// dearest is what no price and no amount of a rule reaches.
const dearest money.Amount = 1_000_000_000_00

// orNone is otherwise where nothing was sent, and nil for zero.
func orNone(sent *int64, otherwise int64) *int64 {
	value := otherwise
	if sent != nil {
		value = *sent
	}
	if value == 0 {
		return nil
	}
	return &value
}

// decimals reports whether number has at most so many digits after the point.
func decimals(number float64, digits int) bool {
	scaled := number * math.Pow10(digits)
	return math.Abs(scaled-math.Round(scaled)) < 1e-6
}

type createDiscountInput struct {
	Body DiscountBody `nameHint:"NewDiscount"`
}

func (a *API) createDiscount(ctx context.Context, in *createDiscountInput) (*discountOutput, error) {
	row, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	added, err := a.DB.AddDiscount(ctx, row)
	if err != nil {
		return nil, err
	}
	return &discountOutput{discountOf(added)}, nil
}

func (a *API) getDiscount(ctx context.Context, in *ByID) (*discountOutput, error) {
	found, err := a.DB.FindDiscount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &discountOutput{discountOf(found)}, nil
}

type replaceDiscountInput struct {
	ByID
	Body DiscountBody
}

func (a *API) replaceDiscount(ctx context.Context, in *replaceDiscountInput) (*discountOutput, error) {
	row, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	changed, err := a.DB.ChangeDiscount(ctx, shopdb.ReplaceDiscountParams{
		ID: in.ID, Code: row.Code, Description: row.Description, Kind: row.Kind, Percent: row.Percent, Amount: row.Amount,
		MinimumSubtotal: row.MinimumSubtotal, ValidFrom: row.ValidFrom, ValidUntil: row.ValidUntil,
		MaxUses: row.MaxUses, UsesPerCustomer: row.UsesPerCustomer, IsActive: row.IsActive,
	})
	if err != nil {
		return nil, err
	}
	return &discountOutput{discountOf(changed)}, nil
}

func (a *API) deleteDiscount(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, a.DB.DropDiscount(ctx, in.ID)
}

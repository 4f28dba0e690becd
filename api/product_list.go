package api

import (
	"context"

	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

type listProductsInput struct {
	Page
	VendorID          optional[int64]    `query:"vendor_id" minimum:"1"`
	CategoryID        optional[int64]    `query:"category_id" minimum:"1" doc:"With all categories below it."`
	Brand             optional[string]   `query:"brand" maxLength:"200"`
	PriceFrom         string             `query:"price_from" pattern:"^[0-9]{1,16}(\\.[0-9]{1,2})?$" doc:"Inclusive."`
	PriceTo           string             `query:"price_to" pattern:"^[0-9]{1,16}(\\.[0-9]{1,2})?$" doc:"Inclusive."`
	IncludeOutOfStock bool               `query:"include_out_of_stock" doc:"Lists what cannot be sold now as well."`
	IncludeInactive   bool               `query:"include_inactive" doc:"For operators, and for vendors who list their own products."`
	Sort              store.ProductOrder `query:"sort" enum:"newest,price,-price,name" default:"newest"`
}

type productsOutput struct {
	Body List[ProductSummary]
}

func (a *API) listProducts(ctx context.Context, in *listProductsInput) (*productsOutput, error) {
	who := principalOf(ctx)
	if in.IncludeInactive && !mayManage(who, in.VendorID.Value) {
		return nil, problem(forbidden)
	}
	var after *store.ProductKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil && after.Order != in.Sort {
		return nil, problem(invalidCursor)
	}
	rows, err := a.DB.Products(ctx, store.ProductFilter{
		VendorID: in.VendorID.value(), CategoryID: in.CategoryID.value(), Brand: in.Brand.value(),
		PriceFrom: amountParam(in.PriceFrom), PriceTo: amountParam(in.PriceTo),
		IncludeInactive: in.IncludeInactive, IncludeOutOfStock: in.IncludeOutOfStock,
	}, in.Sort, after, in.fetch())
	if err != nil {
		return nil, err
	}
	show := func(row shopdb.CatalogProductListing) ProductSummary { return summaryOf(row, who) }
	key := func(row shopdb.CatalogProductListing) any {
		return store.ProductKey{Order: in.Sort, ID: row.ID, Price: row.Price, Name: row.ItemName}
	}
	return &productsOutput{paged(in.Page, rows, show, key)}, nil
}

// amountParam reads an amount that its pattern has passed; nil for one that was left out.
func amountParam(text string) *money.Amount {
	amount, err := money.Parse(text)
	if err != nil {
		return nil
	}
	return &amount
}

package api

import (
	"context"
	"encoding/json"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

type listProductsInput struct {
	Page
	Revalidate
	Query             optional[string]   `query:"q" maxLength:"200" doc:"Words, or their beginnings, of the product's name, brand or model or of its vendor's name. Where nothing fits as it is written, words that are a typo away count as well."`
	VendorID          optional[int64]    `query:"vendor_id" minimum:"1"`
	CategoryID        optional[int64]    `query:"category_id" minimum:"1" doc:"With all categories below it."`
	Brand             optional[string]   `query:"brand" maxLength:"200"`
	PriceFrom         string             `query:"price_from" pattern:"^[0-9]{1,16}(\\.[0-9]{1,2})?$" doc:"Inclusive."`
	PriceTo           string             `query:"price_to" pattern:"^[0-9]{1,16}(\\.[0-9]{1,2})?$" doc:"Inclusive."`
	IncludeOutOfStock bool               `query:"include_out_of_stock" doc:"Lists what cannot be sold now as well."`
	IncludeInactive   bool               `query:"include_inactive" doc:"For operators, and for vendors who list their own products."`
	Sort              store.ProductOrder `query:"sort" enum:"newest,oldest,price,-price,name,-name,relevance" doc:"By default newest, or with a query relevance, which ranks the first thousand that fit."`
}

func (a *API) listProducts(ctx context.Context, in *listProductsInput) (*kept[List[ProductSummary]], error) {
	who := principalOf(ctx)
	if in.IncludeInactive && !mayManage(who, in.VendorID.Value) {
		if in.VendorID.sent && who.Has(auth.Vendor) {
			return nil, problem(notFound) // whether or not there is such a vendor
		}
		return nil, problem(forbidden)
	}
	query := in.Query.value()
	switch {
	case in.Sort == "" && query != nil:
		in.Sort = store.Relevance
	case in.Sort == "":
		in.Sort = store.Newest
	case in.Sort == store.Relevance && query == nil:
		return nil, invalid("query.sort", "relevance is of a query: expected q")
	}
	var after *store.ProductKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil && after.Order != in.Sort {
		return nil, problem(invalidCursor)
	}
	rows, err := a.productRows(ctx, store.ProductFilter{
		Query: query, VendorID: in.VendorID.value(), CategoryID: in.CategoryID.value(), Brand: in.Brand.value(),
		PriceFrom: amountParam(in.PriceFrom), PriceTo: amountParam(in.PriceTo),
		IncludeInactive: in.IncludeInactive, IncludeOutOfStock: in.IncludeOutOfStock,
	}, in.Sort, after, in.fetch())
	if err != nil {
		return nil, err
	}
	show := func(row shopdb.ListProductsRow) ProductSummary { return summaryOf(row, who) }
	key := func(row shopdb.ListProductsRow) any { return keyOf(row, in.Sort) }
	return keep(ctx, in.Revalidate, 0, paged(in.Page, rows, show, key))
}

// keyOf holds what its order counts, and no more: a cursor stays short.
func keyOf(row shopdb.ListProductsRow, order store.ProductOrder) store.ProductKey {
	key := store.ProductKey{Order: order, ID: row.ID}
	switch order {
	case store.Cheapest, store.Dearest:
		key.Price = row.Price
	case store.ByName, store.NameDown:
		key.Name = row.ItemName
	case store.Relevance:
		key.Score = row.Score
	}
	return key
}

// productRows reads a page; a first page that everybody may see is kept for a moment.
func (a *API) productRows(
	ctx context.Context, filter store.ProductFilter, order store.ProductOrder, after *store.ProductKey, limit int32,
) ([]shopdb.ListProductsRow, error) {
	read := func(ctx context.Context) ([]shopdb.ListProductsRow, error) {
		return a.DB.Products(ctx, filter, order, after, limit)
	}
	if after != nil || filter.IncludeInactive {
		return read(ctx)
	}
	key, err := json.Marshal([]any{filter, order, limit})
	if err != nil {
		return nil, err
	}
	return a.lists.get(ctx, string(key), read)
}

// amountParam reads an amount that its pattern has passed; nil for one that was left out.
func amountParam(text string) *money.Amount {
	amount, err := money.Parse(text)
	if err != nil {
		return nil
	}
	return &amount
}

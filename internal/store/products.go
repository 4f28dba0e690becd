package store

import (
	"context"
	"encoding/json"
	"errors"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// AddProduct makes a product, its balance and the first row of its ledger; once for the same request, which
// is nil for one without an idempotency key. answer, made of the product, is what its client is told. It
// fails with ErrUnknownVendor, ErrUnknownCategory or ErrSKUTaken.
func (db *DB) AddProduct(
	ctx context.Context, r *Request, product shopdb.CreateProductParams, status int, answer func(shopdb.CatalogProductListing) (json.RawMessage, error),
) (json.RawMessage, *Earlier, error) {
	told, earlier, err := db.onceIfAsked(ctx, r, status, func(q *shopdb.Queries) (json.RawMessage, error) {
		id, err := q.CreateProduct(ctx, product)
		if err != nil {
			return nil, err
		}
		created, err := q.GetProduct(ctx, id)
		if err != nil {
			return nil, err
		}
		return answer(created)
	})
	return told, earlier, failed("create product", err)
}

// Product fails with ErrNotFound.
func (db *DB) Product(ctx context.Context, id int64) (shopdb.CatalogProductListing, error) {
	product, err := db.GetProduct(ctx, id)
	return product, failed("get product", err)
}

// ChangeProduct sets what is not nil, of a product of change.VendorID where that is not nil, and only
// where it has one of change.Versions, unless that is nil. It fails with ErrNotFound, ErrVersion,
// ErrUnknownCategory or ErrSKUTaken.
func (db *DB) ChangeProduct(ctx context.Context, change shopdb.UpdateProductParams) (shopdb.CatalogProductListing, error) {
	var changed shopdb.CatalogProductListing
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		rows, err := q.UpdateProduct(ctx, change)
		if err != nil {
			return err
		}
		if rows == 0 {
			exists, err := q.ProductExists(ctx, shopdb.ProductExistsParams{ID: change.ID, VendorID: change.VendorID})
			return errors.Join(err, unchanged(exists))
		}
		changed, err = q.GetProduct(ctx, change.ID)
		return err
	})
	return changed, failed("update product", err)
}

// unchanged says why an update that asks for a version has changed nothing.
func unchanged(exists bool) error {
	if exists {
		return ErrVersion
	}
	return ErrNotFound
}

// ProductOrder is in what order products are listed.
type ProductOrder string

// Orders of products. Relevance is how well a product fits a query.
const (
	Newest    ProductOrder = "newest"
	Oldest    ProductOrder = "oldest"
	Cheapest  ProductOrder = "price"
	Dearest   ProductOrder = "-price"
	ByName    ProductOrder = "name"
	NameDown  ProductOrder = "-name"
	Relevance ProductOrder = "relevance"
)

// ProductFilter says which products are listed; nil is no filter.
type ProductFilter struct {
	Query             *string // words, perhaps misspelt, of a product's or its vendor's name
	VendorID          *int64
	CategoryID        *int64 // with all below it
	Brand             *string
	PriceFrom         *money.Amount // inclusive
	PriceTo           *money.Amount // inclusive
	IncludeInactive   bool
	IncludeOutOfStock bool
}

// Shelves of catalog.product_index.
const (
	withdrawn int16 = iota
	soldOut
	stocked
)

func (f ProductFilter) shelves() []int16 {
	shelves := []int16{stocked}
	if f.IncludeOutOfStock {
		shelves = append(shelves, soldOut)
	}
	if f.IncludeInactive {
		shelves = append(shelves, withdrawn)
	}
	return shelves
}

// ProductKey is where a page of products ended; its order says which fields count.
type ProductKey struct {
	Order ProductOrder
	ID    int64
	Price money.Amount `json:",omitzero"`
	Name  string       `json:",omitzero"`
	Score float32      `json:",omitzero"`
}

// Products lists those of filter in order, after the key after (nil: from the beginning).
func (db *DB) Products(ctx context.Context, f ProductFilter, order ProductOrder, after *ProductKey, limit int32) ([]shopdb.ListProductsRow, error) {
	asked := shopdb.ListProductsParams{
		Shelves: f.shelves(), Available: !f.IncludeOutOfStock, Query: f.Query,
		CategoryID: f.CategoryID, VendorID: f.VendorID, Brand: f.Brand,
		PriceFrom: f.PriceFrom, PriceTo: f.PriceTo, Sort: string(order), RowLimit: limit,
	}
	if after != nil {
		asked.AfterID, asked.AfterPrice, asked.AfterName, asked.AfterScore = &after.ID, &after.Price, &after.Name, &after.Score
	}
	products, err := db.ListProducts(ctx, asked)
	return products, failed("list products", err)
}

package store

import (
	"context"
	"fmt"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// AddProduct makes a product, its balance and the first row of its ledger. It fails with
// ErrUnknownVendor or ErrUnknownCategory.
func (db *DB) AddProduct(ctx context.Context, product shopdb.CreateProductParams) (shopdb.CatalogProductListing, error) {
	var created shopdb.CatalogProductListing
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		id, err := q.CreateProduct(ctx, product)
		if err != nil {
			return err
		}
		created, err = q.GetProduct(ctx, id)
		return err
	})
	return created, failed("create product", err)
}

// Product fails with ErrNotFound.
func (db *DB) Product(ctx context.Context, id int64) (shopdb.CatalogProductListing, error) {
	product, err := db.GetProduct(ctx, id)
	return product, failed("get product", err)
}

// ChangeProduct sets what is not nil, of a product of change.VendorID where that is not nil. It
// fails with ErrNotFound or ErrUnknownCategory.
func (db *DB) ChangeProduct(ctx context.Context, change shopdb.UpdateProductParams) (shopdb.CatalogProductListing, error) {
	var changed shopdb.CatalogProductListing
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		rows, err := q.UpdateProduct(ctx, change)
		if err != nil {
			return err
		}
		if rows == 0 {
			return ErrNotFound
		}
		changed, err = q.GetProduct(ctx, change.ID)
		return err
	})
	return changed, failed("update product", err)
}

// ProductOrder is in what order products are listed.
type ProductOrder string

// Orders of products, each with an index of its own.
const (
	Newest   ProductOrder = "newest"
	Cheapest ProductOrder = "price"
	Dearest  ProductOrder = "-price"
	ByName   ProductOrder = "name"
)

// ProductFilter says which products are listed; nil is no filter.
type ProductFilter struct {
	VendorID          *int64
	CategoryID        *int64 // with all below it
	Brand             *string
	PriceFrom         *money.Amount // inclusive
	PriceTo           *money.Amount // inclusive
	IncludeInactive   bool
	IncludeOutOfStock bool
}

// ProductKey is where a page of products ended; its order says which fields count.
type ProductKey struct {
	Order ProductOrder
	ID    int64
	Price money.Amount
	Name  string
}

// Products lists those of filter in order, after the key after (nil: from the beginning).
func (db *DB) Products(ctx context.Context, f ProductFilter, order ProductOrder, after *ProductKey, limit int32) ([]shopdb.CatalogProductListing, error) {
	var id *int64
	var price *money.Amount
	var name *string
	if after != nil {
		id, price, name = &after.ID, &after.Price, &after.Name
	}
	var products []shopdb.CatalogProductListing
	var err error
	switch order {
	case Newest:
		products, err = db.ListProductsNewest(ctx, shopdb.ListProductsNewestParams{
			IncludeInactive: f.IncludeInactive, IncludeOutOfStock: f.IncludeOutOfStock,
			VendorID: f.VendorID, CategoryID: f.CategoryID, Brand: f.Brand,
			PriceFrom: f.PriceFrom, PriceTo: f.PriceTo, AfterID: id, RowLimit: limit,
		})
	case Cheapest:
		products, err = db.ListProductsCheapest(ctx, shopdb.ListProductsCheapestParams{
			IncludeInactive: f.IncludeInactive, IncludeOutOfStock: f.IncludeOutOfStock,
			VendorID: f.VendorID, CategoryID: f.CategoryID, Brand: f.Brand,
			PriceFrom: f.PriceFrom, PriceTo: f.PriceTo, AfterID: id, AfterPrice: price, RowLimit: limit,
		})
	case Dearest:
		products, err = db.ListProductsDearest(ctx, shopdb.ListProductsDearestParams{
			IncludeInactive: f.IncludeInactive, IncludeOutOfStock: f.IncludeOutOfStock,
			VendorID: f.VendorID, CategoryID: f.CategoryID, Brand: f.Brand,
			PriceFrom: f.PriceFrom, PriceTo: f.PriceTo, AfterID: id, AfterPrice: price, RowLimit: limit,
		})
	case ByName:
		products, err = db.ListProductsByName(ctx, shopdb.ListProductsByNameParams{
			IncludeInactive: f.IncludeInactive, IncludeOutOfStock: f.IncludeOutOfStock,
			VendorID: f.VendorID, CategoryID: f.CategoryID, Brand: f.Brand,
			PriceFrom: f.PriceFrom, PriceTo: f.PriceTo, AfterID: id, AfterName: name, RowLimit: limit,
		})
	default:
		return nil, fmt.Errorf("list products: unknown order %q", order)
	}
	return products, failed("list products", err)
}

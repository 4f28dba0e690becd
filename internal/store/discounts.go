package store

import (
	"context"

	"mercado/internal/store/shopdb"
)

// FindDiscount fails with ErrNotFound.
func (db *DB) FindDiscount(ctx context.Context, id int64) (shopdb.OrderingDiscount, error) {
	found, err := db.Discount(ctx, id)
	return found, failed("read discount", err)
}

// AddDiscount fails with ErrCodeTaken. Codes are in capitals.
func (db *DB) AddDiscount(ctx context.Context, discount shopdb.CreateDiscountParams) (shopdb.OrderingDiscount, error) {
	added, err := db.CreateDiscount(ctx, discount)
	return added, failed("add discount", err)
}

// ChangeDiscount sets all there is of a discount but how often it was used. It fails with
// ErrNotFound or ErrCodeTaken.
func (db *DB) ChangeDiscount(ctx context.Context, discount shopdb.ReplaceDiscountParams) (shopdb.OrderingDiscount, error) {
	changed, err := db.ReplaceDiscount(ctx, discount)
	return changed, failed("change discount", err)
}

// DropDiscount deletes a discount that no order has, and deactivates another. It fails with
// ErrNotFound.
func (db *DB) DropDiscount(ctx context.Context, id int64) error {
	done, err := db.RemoveDiscount(ctx, id)
	if err == nil && done == "" {
		return ErrNotFound
	}
	return failed("remove discount", err)
}

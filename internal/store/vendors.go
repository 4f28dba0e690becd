package store

import (
	"context"

	"mercado/internal/store/shopdb"
)

// AddVendor fails with ErrNameTaken.
func (db *DB) AddVendor(ctx context.Context, vendor shopdb.CreateVendorParams) (shopdb.CatalogVendor, error) {
	created, err := db.CreateVendor(ctx, vendor)
	return created, failed("create vendor", err)
}

// Vendor fails with ErrNotFound.
func (db *DB) Vendor(ctx context.Context, id int64) (shopdb.CatalogVendor, error) {
	vendor, err := db.GetVendor(ctx, id)
	return vendor, failed("get vendor", err)
}

// ChangeVendor sets what is not nil. A vendor that is deactivated takes its products along. It
// fails with ErrNotFound or ErrNameTaken.
func (db *DB) ChangeVendor(ctx context.Context, change shopdb.UpdateVendorParams) (shopdb.CatalogVendor, error) {
	var changed shopdb.CatalogVendor
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if changed, err = q.UpdateVendor(ctx, change); err != nil || changed.IsActive {
			return err
		}
		return q.DeactivateProductsOf(ctx, change.ID)
	})
	return changed, failed("update vendor", err)
}

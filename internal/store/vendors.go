package store

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

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
// fails with ErrNotFound, ErrNameTaken or, where change.Versions is not nil and lacks the vendor's, ErrVersion.
func (db *DB) ChangeVendor(ctx context.Context, change shopdb.UpdateVendorParams) (shopdb.CatalogVendor, error) {
	var changed shopdb.CatalogVendor
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		changed, err = q.UpdateVendor(ctx, change)
		if errors.Is(err, pgx.ErrNoRows) && change.Versions != nil {
			_, err = q.GetVendor(ctx, change.ID)
			return cmp.Or(err, ErrVersion)
		}
		if err != nil || changed.IsActive {
			return err
		}
		return q.DeactivateProductsOf(ctx, change.ID)
	})
	return changed, failed("update vendor", err)
}

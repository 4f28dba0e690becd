package store

import (
	"context"

	"mercado/internal/store/shopdb"
)

// MoveStock puts units of a product on the shelf or takes them away, by hand. It returns the
// ledger's row, and fails with ErrShortage when more would be taken than is not reserved.
func (db *DB) MoveStock(ctx context.Context, move shopdb.MoveInventoryParams) (shopdb.CatalogStockLedger, error) {
	var row shopdb.CatalogStockLedger
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if err = q.MoveInventory(ctx, move); err != nil {
			return err
		}
		row, err = q.LastLedgerRow(ctx, move.ProductID)
		return err
	})
	return row, failed("move stock", err)
}

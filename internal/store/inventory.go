package store

import (
	"context"
	"encoding/json"

	"mercado/internal/store/shopdb"
)

// MoveStock puts units of a product on the shelf or takes them away, by hand. It returns the
// ledger's row, and fails with ErrShortage when more would be taken than is not reserved.
func (db *DB) MoveStock(ctx context.Context, move shopdb.MoveInventoryParams) (shopdb.CatalogStockLedger, error) {
	var row shopdb.CatalogStockLedger
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		row, err = moveStock(ctx, q, move)
		return err
	})
	return row, failed("move stock", err)
}

// MoveStockOnce is MoveStock for a request, which is nil for one without an idempotency key. answer, made
// of the ledger's row, is what its client is told.
func (db *DB) MoveStockOnce(
	ctx context.Context, r *Request, move shopdb.MoveInventoryParams, status int, answer func(shopdb.CatalogStockLedger) (json.RawMessage, error),
) (json.RawMessage, *Earlier, error) {
	told, earlier, err := db.onceIfAsked(ctx, r, status, func(q *shopdb.Queries) (json.RawMessage, error) {
		row, err := moveStock(ctx, q, move)
		if err != nil {
			return nil, err
		}
		return answer(row)
	})
	return told, earlier, failed("move stock", err)
}

func moveStock(ctx context.Context, q *shopdb.Queries, move shopdb.MoveInventoryParams) (shopdb.CatalogStockLedger, error) {
	if err := q.MoveInventory(ctx, move); err != nil {
		return shopdb.CatalogStockLedger{}, err
	}
	return q.LastLedgerRow(ctx, move.ProductID)
}

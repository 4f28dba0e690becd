package store

import (
	"context"

	"mercado/internal/store/shopdb"
)

// FindSales lists order lines, those of the newest order first.
func (db *DB) FindSales(ctx context.Context, filter shopdb.ListSalesParams) ([]shopdb.ListSalesRow, error) {
	rows, err := db.ListSales(ctx, filter)
	return rows, failed("list sales", err)
}

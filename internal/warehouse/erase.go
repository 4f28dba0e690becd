package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/warehouse/warehousedb"
)

// Erasure is what the warehouse has to become once a customer is erased from zone gold.
type Erasure struct {
	Customer int64
	Rows     []ErasedRows
	Contents []ErasedContent
}

// ErasedRows are a customer's rows of a table without days, as zone gold has them now.
type ErasedRows struct {
	Table, Column string // the column has the customer's key
	Rows          []byte // a JSON list of objects
}

// ErasedContent is a digest of all that a run had made of a table, and what it is now.
type ErasedContent struct{ Table, Was, Content string }

// StandingOf is the run and execution that the rows of a table without days are from; nil when none is published.
func (db *DB) StandingOf(ctx context.Context, table string) (run *uuid.UUID, execution int, err error) {
	row, err := db.StandingWhole(ctx, table)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look what stands of %s: %w", table, err)
	}
	return &row.RunID, int(row.Execution), nil
}

// RowsOf are the customer's rows that stand of a table, as a JSON list of objects, and the table's columns.
func (db *DB) RowsOf(ctx context.Context, table, column string, customer int64) (columns []lake.Column, rows []byte, err error) {
	named, err := db.TableColumns(ctx, table)
	if err == nil {
		rows, err = db.CustomerRows(ctx, warehousedb.CustomerRowsParams{TableName: table, ColumnName: column, CustomerID: customer})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read what stands of customer %d in %s: %w", customer, table, err)
	}
	for _, column := range named {
		columns = append(columns, lake.Column{Name: column.Name, Type: column.Type})
	}
	return columns, rows, nil
}

// Erase puts the customer's rows in place and has versions name the new contents, in one transaction; then nothing
// that runs have staged is left. Done again it changes nothing. It returns how many rows were placed.
func (db *DB) Erase(ctx context.Context, e Erasure) (placed int64, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		queries := warehousedb.New(tx)
		if err := queries.LockPublishing(ctx); err != nil {
			return fmt.Errorf("wait for a publish: %w", err)
		}
		for _, rows := range e.Rows {
			count, err := queries.PutCustomer(ctx, warehousedb.PutCustomerParams{
				TableName: rows.Table, ColumnName: rows.Column, CustomerID: e.Customer, Rows: rows.Rows,
			})
			if err != nil {
				return fmt.Errorf("put customer %d in %s: %w", e.Customer, rows.Table, err)
			}
			placed += count
		}
		for _, content := range e.Contents {
			err := queries.ChangeContent(ctx, warehousedb.ChangeContentParams{TableName: content.Table, Was: content.Was, Content: content.Content})
			if err != nil {
				return fmt.Errorf("change the versions of %s: %w", content.Table, err)
			}
		}
		_, err := queries.SweepAllStaging(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase from the warehouse: %w", err)
	}
	return placed, nil
}

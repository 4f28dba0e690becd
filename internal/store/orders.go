package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// OrderFilter chooses orders; nil chooses by nothing.
type OrderFilter struct {
	CustomerID    *int64
	Status        *order.Status
	PaymentStatus *order.PaymentStatus
	Channel       *string
	PlacedFrom    *time.Time
	PlacedBefore  *time.Time
	Before        *uuid.UUID // the last order of the page before
	Limit         int32
}

// FindOrder gives one order, or ErrNotFound when there is none or it is not customerID's (nil:
// whoever's).
func (db *DB) FindOrder(ctx context.Context, id uuid.UUID, customerID *int64) (order.Document, error) {
	document, err := db.Queries.Order(ctx, shopdb.OrderParams{ID: id, CustomerID: customerID})
	if err != nil {
		return order.Document{}, failed("read order", err)
	}
	return readOrder(document)
}

// FindOrders lists orders, newest first.
func (db *DB) FindOrders(ctx context.Context, f OrderFilter) ([]order.Document, error) {
	rows, err := db.Queries.ListOrders(ctx, shopdb.ListOrdersParams{
		CustomerID: f.CustomerID, Status: (*string)(f.Status),
		PaymentStatus: (*string)(f.PaymentStatus), Channel: f.Channel,
		PlacedFrom: f.PlacedFrom, PlacedBefore: f.PlacedBefore, Before: f.Before, Page: f.Limit,
	})
	if err != nil {
		return nil, failed("list orders", err)
	}
	orders := make([]order.Document, len(rows))
	for i, row := range rows {
		if orders[i], err = readOrder(row.Document); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

func readOrder(document json.RawMessage) (order.Document, error) {
	var o order.Document
	if err := json.Unmarshal(document, &o); err != nil {
		return order.Document{}, fmt.Errorf("read order: %w", err)
	}
	return o, nil
}

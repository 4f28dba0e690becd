package seed

import (
	"context"
	"fmt"

	"mercado/internal/store/shopdb"
)

// table is one COPY: where to, how many rows, and the call that does it.
type table struct {
	name string
	rows int
	copy func(context.Context) (int64, error)
}

func newTable[Row any](name string, rows []Row, copy func(context.Context, []Row) (int64, error)) table {
	return table{name: name, rows: len(rows), copy: func(ctx context.Context) (int64, error) { return copy(ctx, rows) }}
}

// tables lists the COPYs in the order that foreign keys ask for.
func (h *history) tables(q *shopdb.Queries) []table {
	r := &h.rows
	return []table{
		newTable("identity.customers", r.customers, q.SeedCustomers),
		newTable("catalog.vendors", r.vendors, q.SeedVendors),
		newTable("catalog.categories", r.categories, q.SeedCategories),
		newTable("catalog.products", r.products, q.SeedProducts),
		newTable("catalog.stock", r.stock, q.SeedStock),
		newTable("catalog.stock_ledger", r.ledger, q.SeedStockLedger),
		newTable("catalog.reviews", r.reviews, q.SeedReviews),
		newTable("ordering.carts", r.carts, q.SeedCarts),
		newTable("ordering.cart_items", r.cartItems, q.SeedCartItems),
		newTable("ordering.orders", r.orders, q.SeedOrders),
		newTable("ordering.order_items", r.orderItems, q.SeedOrderItems),
		newTable("ordering.order_events", r.events, q.SeedOrderEvents),
		newTable("ordering.payments", r.payments, q.SeedPayments),
		newTable("ordering.payment_attempts", r.attempts, q.SeedPaymentAttempts),
		newTable("ordering.shipments", r.shipments, q.SeedShipments),
		newTable("ordering.shipment_items", r.shipmentItems, q.SeedShipmentItems),
		newTable("ordering.refunds", r.refunds, q.SeedRefunds),
		newTable("ordering.refund_items", r.refundItems, q.SeedRefundItems),
	}
}

func (h *history) write(ctx context.Context, q *shopdb.Queries, progress func(string, int64, int64)) ([]TableRows, error) {
	tables := h.tables(q)
	var written, total int64
	for _, t := range tables {
		total += int64(t.rows)
	}
	counts := make([]TableRows, 0, len(tables))
	for _, t := range tables {
		rows, err := t.copy(ctx)
		if err != nil {
			return nil, fmt.Errorf("copy into %s: %w", t.name, err)
		}
		written += rows
		counts = append(counts, TableRows{Table: t.name, Rows: rows})
		if progress != nil {
			progress(t.name, written, total)
		}
	}
	return counts, nil
}

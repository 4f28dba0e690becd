package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// What is refused after the sale.
var (
	// ErrNotDelivered is returned for goods or money that are to be given back of what has not arrived.
	ErrNotDelivered = errors.New("nothing of this has arrived")
	// ErrNotBought is returned for a product that the order does not hold.
	ErrNotBought = errors.New("the order holds no such product")
	// ErrTooMany is returned for more units than are left to give back.
	ErrTooMany = errors.New("fewer units are left to give back")
	// ErrReturnWindow is returned for a return that comes too late.
	ErrReturnWindow = errors.New("the time to send this back is over")
	// ErrReturnOver is returned for a return that was received or rejected before.
	ErrReturnOver = errors.New("the return was received or rejected before")
	// ErrRefundExceeds is returned for a refund of more than is left of what was paid.
	ErrRefundExceeds = errors.New("less than this is left to refund")
	// ErrNothingToRefund is returned for a refund of what cost nothing.
	ErrNothingToRefund = errors.New("this cost nothing")
	// ErrNotFailed is returned for a refund that is to be asked for again and has not failed.
	ErrNotFailed = errors.New("the refund has not failed")
	// ErrImported is returned for an order that was imported as history: nobody can be asked for its
	// money.
	ErrImported = errors.New("the order was imported as history")
)

// Units is a number of units of a product of an order.
type Units struct {
	ItemID int64 `json:"item_id"`
	Qty    int64 `json:"qty"`
}

// delivered is an order that is locked, with what arrived of it.
type delivered struct {
	q        *shopdb.Queries
	order    shopdb.LockOrderRow
	rows     []shopdb.LinesToGiveBackRow
	lines    []order.Sold // of rows
	shipping money.Amount // paid and not given back
	underWay bool         // something has not arrived yet
}

// lockDelivered returns ErrNotFound, ErrImported or ErrNotDelivered.
func lockDelivered(ctx context.Context, q *shopdb.Queries, id uuid.UUID, customerID *int64) (*delivered, error) {
	found, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: id, CustomerID: customerID})
	if err != nil {
		return nil, err
	}
	if found.Provider == order.ImportedProvider {
		return nil, ErrImported
	}
	rows, err := q.LinesToGiveBack(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotDelivered
	}
	shipping, err := q.ShippingToGiveBack(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &delivered{q: q, order: found, rows: rows, shipping: shipping.Paid - shipping.Refunded, underWay: shipping.UnderWay}
	for _, row := range rows {
		d.lines = append(d.lines, order.Sold{
			Qty: row.Qty, Total: row.TotalPrice, Tax: row.TaxAmount, DeliveredAt: *row.DeliveredAt,
			RefundedQty: row.RefundedQty, RefundedTotal: row.RefundedAmount, RefundedTax: row.RefundedTax,
			ReturnedQty: row.ReturnedQty, ComingQty: row.ComingQty,
		})
	}
	return d, nil
}

// choose finds the lines of units; left is how many of a line there are to choose from.
func (d *delivered) choose(units []Units, left func(order.Sold) int64) (map[int]int64, error) {
	chosen := map[int]int64{}
	for _, wanted := range units {
		at := slices.IndexFunc(d.rows, func(row shopdb.LinesToGiveBackRow) bool { return row.ItemID == wanted.ItemID })
		if at < 0 {
			return nil, fmt.Errorf("product %d: %w", wanted.ItemID, ErrNotBought)
		}
		if chosen[at] += wanted.Qty; chosen[at] > left(d.lines[at]) {
			return nil, fmt.Errorf("product %d: %w", wanted.ItemID, ErrTooMany)
		}
	}
	return chosen, nil
}

// returnedByCustomer is why units are back, for the ledger of stock. That is kept for ever, also when a customer is
// erased: what somebody wrote of a refund or a return is never among it.
const returnedByCustomer = "returned by customer"

// takeBack books units in that the customer has sent back, onto the shelf or as a loss.
func (d *delivered) takeBack(ctx context.Context, chosen map[int]int64, restock bool) error {
	var lines, quantities []int64
	for at, row := range d.rows {
		if qty := chosen[at]; qty > 0 {
			lines, quantities = append(lines, row.ID), append(quantities, qty)
			d.lines[at].ReturnedQty += qty
		}
	}
	if lines == nil {
		return nil
	}
	return d.q.TakeBack(ctx, shopdb.TakeBackParams{
		OrderID: d.order.ID, OrderItemIds: lines, Quantities: quantities, Restock: restock, Reason: returnedByCustomer,
	})
}

// follow moves the order to returned when everything has come back.
func (d *delivered) follow(ctx context.Context) error {
	_, err := d.q.FollowReturns(ctx, d.order.ID)
	return err
}

// allBack reports whether everything that arrived has come back, and nothing is to come.
func (d *delivered) allBack() bool {
	return !d.underWay && !slices.ContainsFunc(d.lines, func(line order.Sold) bool { return line.ReturnedQty < line.Qty })
}

// share is what one line gives back.
type share struct {
	qty        int64
	total, tax money.Amount
	restocked  bool
}

// refund writes a refund down, to be paid by a workflow. Without shares and shipping nothing is
// written.
func (d *delivered) refund(ctx context.Context, id uuid.UUID, shares map[int]share, shipping money.Amount, reason, by string, returned *uuid.UUID) (money.Amount, error) {
	amount := shipping
	var items []shopdb.AddRefundItemsParams
	for at, row := range d.rows {
		part, given := shares[at]
		if !given {
			continue
		}
		amount += part.total + part.tax
		items = append(items, shopdb.AddRefundItemsParams{
			RefundID: id, OrderItemID: row.ID, Qty: part.qty, Amount: part.total, TaxAmount: part.tax, Restocked: part.restocked,
		})
	}
	if amount == 0 {
		return 0, nil
	}
	if err := d.q.AddRefund(ctx, shopdb.AddRefundParams{
		ID: id, OrderID: d.order.ID, Reason: reason, Amount: amount, Currency: d.order.Currency,
		ShippingAmount: shipping, ReturnID: returned, RequestedBy: by,
	}); err != nil {
		return 0, err
	}
	if _, err := d.q.AddRefundItems(ctx, items); err != nil {
		return 0, err
	}
	data, err := json.Marshal(map[string]any{"refund_id": id, "amount": amount})
	if err != nil {
		return 0, err
	}
	return amount, d.q.TellOrder(ctx, shopdb.TellOrderParams{OrderID: d.order.ID, Type: "refund.requested", Data: data})
}

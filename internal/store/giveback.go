package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

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

// Request is one that must be done once: whose it is, under which key, and what it asks for.
type Request struct {
	Scope     string // who asks
	Key       string // their idempotency key
	Operation string
	Hash      []byte
}

// once does something in one transaction with the claim of the request's idempotency key, and keeps
// the answer that do gives. When the key was claimed before, nothing is done and the earlier request
// is returned. made is the id of what do makes.
func (db *DB) once(
	ctx context.Context, r Request, made uuid.UUID, status int, do func(q *shopdb.Queries) (answer json.RawMessage, err error),
) (answer json.RawMessage, earlier *Earlier, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		claimed, err := q.ClaimKey(ctx, shopdb.ClaimKeyParams{
			Scope: r.Scope, Key: r.Key, Operation: r.Operation, RequestHash: r.Hash, MadeID: made,
		})
		if err != nil {
			return err
		}
		if claimed != nil {
			earlier = &Earlier{}
			return json.Unmarshal(claimed, earlier)
		}
		if answer, err = do(q); err != nil {
			return err
		}
		return q.AnswerKey(ctx, shopdb.AnswerKeyParams{Scope: r.Scope, Key: r.Key, ResponseStatus: int32(status), Response: answer})
	})
	return answer, earlier, err
}

// onceIfAsked is once for a request that need not have a key: without one, r is nil, it is done as often as
// it is asked for. What it makes has a number, and no id that the key could name.
func (db *DB) onceIfAsked(
	ctx context.Context, r *Request, status int, do func(q *shopdb.Queries) (answer json.RawMessage, err error),
) (answer json.RawMessage, earlier *Earlier, err error) {
	if r != nil {
		return db.once(ctx, *r, uuid.New(), status, do)
	}
	err = db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		answer, err = do(q)
		return err
	})
	return answer, nil, err
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

// takeBack books units in, onto the shelf or as a loss, and moves the order when that was all.
func (d *delivered) takeBack(ctx context.Context, chosen map[int]int64, restock bool, reason string) error {
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
		OrderID: d.order.ID, OrderItemIds: lines, Quantities: quantities, Restock: restock, Reason: reason,
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

// AskRefund is what an operator gives back of what arrived: either units, or an amount.
type AskRefund struct {
	Request
	ID      uuid.UUID // of the refund
	OrderID uuid.UUID
	Items   []Units
	Amount  *money.Amount
	Restock bool // the units came back and go on the shelf
	Reason  string
	By      string
}

// RequestRefund writes a refund down once, to be paid by a workflow, and returns its document as it
// was then. It returns ErrNotFound, ErrImported, ErrNotDelivered, ErrNotBought, ErrTooMany,
// ErrRefundExceeds or ErrNothingToRefund.
func (db *DB) RequestRefund(ctx context.Context, r AskRefund, status int) (json.RawMessage, *Earlier, error) {
	answer, earlier, err := db.once(ctx, r.Request, r.ID, status, func(q *shopdb.Queries) (json.RawMessage, error) {
		d, err := lockDelivered(ctx, q, r.OrderID, nil)
		if err != nil {
			return nil, err
		}
		shares, shipping, err := d.shares(ctx, r)
		if err != nil {
			return nil, err
		}
		if amount, err := d.refund(ctx, r.ID, shares, shipping, r.Reason, r.By, nil); err != nil {
			return nil, err
		} else if amount == 0 {
			return nil, ErrNothingToRefund
		}
		if err := d.follow(ctx); err != nil {
			return nil, err
		}
		return oneRefund(ctx, q, r.OrderID, r.ID)
	})
	return answer, earlier, failed("request refund", err)
}

// RetryRefund asks again for a refund that has failed, and returns the document of the refund that is
// asked for instead: the same one when it was asked for before. It returns ErrNotFound, ErrNotFailed,
// or ErrRefundExceeds or ErrTooMany where its money or units were given back otherwise meanwhile.
func (db *DB) RetryRefund(ctx context.Context, id, retryID uuid.UUID, by string) (document json.RawMessage, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		refund, err := q.Refund(ctx, id)
		if err != nil {
			return err
		}
		made, err := q.RetryRefund(ctx, shopdb.RetryRefundParams{ID: id, RetryID: retryID, RequestedBy: by})
		if err != nil {
			return err
		}
		if made == uuid.Nil {
			return ErrNotFailed
		}
		document, err = oneRefund(ctx, q, refund.OrderID, made)
		return err
	})
	return document, failed("retry refund", err)
}

func (d *delivered) shares(ctx context.Context, r AskRefund) (shares map[int]share, shipping money.Amount, err error) {
	shares = map[int]share{}
	if r.Amount != nil {
		left := d.shipping
		for _, line := range d.lines {
			total, tax := line.Left()
			left += total + tax
		}
		if *r.Amount > left {
			return nil, 0, ErrRefundExceeds
		}
		totals, taxes, shipping := order.Spread(*r.Amount, d.lines, d.shipping)
		for at := range d.lines {
			if totals[at]+taxes[at] > 0 {
				shares[at] = share{total: totals[at], tax: taxes[at]}
			}
		}
		return shares, shipping, nil
	}
	left := order.Sold.Refundable
	if r.Restock {
		left = func(line order.Sold) int64 { return min(line.Refundable(), line.Returnable()) }
	}
	chosen, err := d.choose(r.Items, left)
	if err != nil {
		return nil, 0, err
	}
	for at, qty := range chosen {
		total, tax := d.lines[at].RefundOf(qty)
		shares[at] = share{qty: qty, total: total, tax: tax, restocked: r.Restock}
	}
	if r.Restock {
		if err := d.takeBack(ctx, chosen, true, r.Reason); err != nil {
			return nil, 0, err
		}
		if d.allBack() {
			shipping = d.shipping
		}
	}
	return shares, shipping, nil
}

// AskReturn is what a customer sends back.
type AskReturn struct {
	Request
	ID         uuid.UUID // of the return
	OrderID    uuid.UUID
	CustomerID *int64         // whose order it must be; nil: whoever's
	Window     *time.Duration // how long after its delivery something may be sent back; nil: for ever
	Items      []Units
	Reason     string
	By         string
}

// RequestReturn writes a return down once and returns its document. It returns ErrNotFound,
// ErrImported, ErrNotDelivered, ErrNotBought, ErrTooMany or ErrReturnWindow.
func (db *DB) RequestReturn(ctx context.Context, r AskReturn, status int) (json.RawMessage, *Earlier, error) {
	answer, earlier, err := db.once(ctx, r.Request, r.ID, status, func(q *shopdb.Queries) (json.RawMessage, error) {
		d, err := lockDelivered(ctx, q, r.OrderID, r.CustomerID)
		if err != nil {
			return nil, err
		}
		chosen, err := d.choose(r.Items, order.Sold.Returnable)
		if err != nil {
			return nil, err
		}
		var items []shopdb.AddReturnItemsParams
		for at, row := range d.rows {
			if chosen[at] == 0 {
				continue
			}
			if r.Window != nil && time.Since(*row.DeliveredAt) > *r.Window {
				return nil, ErrReturnWindow
			}
			items = append(items, shopdb.AddReturnItemsParams{ReturnID: r.ID, OrderItemID: row.ID, Qty: chosen[at]})
		}
		if err := q.AddReturn(ctx, shopdb.AddReturnParams{ID: r.ID, OrderID: r.OrderID, Reason: r.Reason, RequestedBy: r.By}); err != nil {
			return nil, err
		}
		if _, err := q.AddReturnItems(ctx, items); err != nil {
			return nil, err
		}
		if err := tellReturn(ctx, q, r.OrderID, r.ID, "return.requested"); err != nil {
			return nil, err
		}
		return oneReturn(ctx, q, r.OrderID, r.ID)
	})
	return answer, earlier, failed("request return", err)
}

func tellReturn(ctx context.Context, q *shopdb.Queries, orderID, id uuid.UUID, what string) error {
	data, err := json.Marshal(map[string]any{"return_id": id})
	if err != nil {
		return err
	}
	return q.TellOrder(ctx, shopdb.TellOrderParams{OrderID: orderID, Type: what, Data: data})
}

func oneRefund(ctx context.Context, q *shopdb.Queries, orderID, id uuid.UUID) (json.RawMessage, error) {
	rows, err := q.ListRefunds(ctx, shopdb.ListRefundsParams{OrderID: orderID, Chosen: &id, Page: 1})
	if err != nil || len(rows) == 0 {
		return nil, errors.Join(err, ErrNotFound)
	}
	return rows[0].Document, nil
}

func oneReturn(ctx context.Context, q *shopdb.Queries, orderID, id uuid.UUID) (json.RawMessage, error) {
	rows, err := q.ListReturns(ctx, shopdb.ListReturnsParams{OrderID: orderID, Chosen: &id, Page: 1})
	if err != nil || len(rows) == 0 {
		return nil, errors.Join(err, ErrNotFound)
	}
	return rows[0].Document, nil
}

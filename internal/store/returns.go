package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

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
		var vendors []int64
		for at, row := range d.rows {
			if chosen[at] == 0 {
				continue
			}
			if r.Window != nil && time.Since(*row.DeliveredAt) > *r.Window {
				return nil, ErrReturnWindow
			}
			items = append(items, shopdb.AddReturnItemsParams{ReturnID: r.ID, OrderItemID: row.ID, VendorID: row.VendorID, Qty: chosen[at]})
			vendors = append(vendors, row.VendorID)
		}
		if err := q.AddReturn(ctx, shopdb.AddReturnParams{ID: r.ID, OrderID: r.OrderID, Reason: r.Reason, RequestedBy: r.By}); err != nil {
			return nil, err
		}
		if _, err := q.AddReturnItems(ctx, items); err != nil {
			return nil, err
		}
		if err := tellReturn(ctx, q, r.OrderID, r.ID, "return.requested", vendors); err != nil {
			return nil, err
		}
		return oneReturn(ctx, q, r.ID, nil)
	})
	return answer, earlier, failed("request return", err)
}

// tellReturn tells of lines of a return, whose vendors may be named more than once.
func tellReturn(ctx context.Context, q *shopdb.Queries, orderID, id uuid.UUID, what string, vendors []int64) error {
	slices.Sort(vendors)
	data, err := json.Marshal(map[string]any{"return_id": id, "vendor_ids": slices.Compact(vendors)})
	if err != nil {
		return err
	}
	return q.TellOrder(ctx, shopdb.TellOrderParams{OrderID: orderID, Type: what, Data: data})
}

// Receipt is what a vendor or operator says of goods that came back.
type Receipt struct {
	OrderID, ReturnID uuid.UUID
	VendorID          *int64         // only that vendor's lines; nil: all
	Restock           bool           // false: the goods are not fit to be sold again, and are written off
	Exceptions        map[int64]bool // by product: restocked or not, against Restock
	Amount            *money.Amount  // to be refunded; nil: all that was paid for them
	RefundID          uuid.UUID
	By                string
}

// ReceiveReturn books the goods of a return in, once, and writes down the refund of them, to be paid
// by a workflow. What was received before stays as it was; refunded tells whether there is a refund
// to pay. It returns ErrNotFound, ErrReturnOver for one that was rejected or received otherwise, or
// ErrRefundExceeds.
func (db *DB) ReceiveReturn(ctx context.Context, r Receipt) (document json.RawMessage, refunded bool, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		d, err := lockDelivered(ctx, q, r.OrderID, nil)
		if err != nil {
			return err
		}
		coming, err := q.ReturnToReceive(ctx, shopdb.ReturnToReceiveParams{ID: r.ReturnID, OrderID: r.OrderID})
		if err != nil {
			return err
		}
		items, err := q.ReturnItems(ctx, r.ReturnID)
		if err != nil {
			return err
		}
		mine, open := 0, 0
		now := map[int64]shopdb.ReturnItemsRow{} // by line: what is received now
		for _, item := range items {
			if r.VendorID != nil && item.VendorID != *r.VendorID {
				if item.ReceivedAt == nil {
					open++
				}
				continue
			}
			mine++
			if item.ReceivedAt == nil {
				now[item.OrderItemID] = item
			}
		}
		switch {
		case mine == 0:
			return ErrNotFound // another vendor's
		case coming.Status == "rejected":
			return ErrReturnOver
		case len(now) == 0:
			if err := r.sameAsBefore(ctx, q, items); err != nil {
				return err
			}
		default:
			if refunded, err = r.receive(ctx, d, now); err != nil {
				return err
			}
			if open == 0 {
				if err := q.EndReturn(ctx, shopdb.EndReturnParams{ID: r.ReturnID, Status: "received"}); err != nil {
					return err
				}
			}
			var vendors []int64
			for _, item := range now {
				vendors = append(vendors, item.VendorID)
			}
			if err := tellReturn(ctx, q, r.OrderID, r.ReturnID, "return.received", vendors); err != nil {
				return err
			}
			if err := d.follow(ctx); err != nil {
				return err
			}
		}
		document, err = oneReturn(ctx, q, r.ReturnID, r.VendorID)
		return err
	})
	return document, refunded, failed("receive return", err)
}

// sameAsBefore returns ErrReturnOver unless the lines were received before as they are to be now.
func (r Receipt) sameAsBefore(ctx context.Context, q *shopdb.Queries, items []shopdb.ReturnItemsRow) error {
	for _, item := range items {
		mine := r.VendorID == nil || item.VendorID == *r.VendorID
		if mine && item.Restocked != nil && *item.Restocked != r.restock(item.ItemID) {
			return ErrReturnOver
		}
	}
	if r.Amount == nil {
		return nil
	}
	refunded, err := q.RefundedOfReturn(ctx, r.ReturnID)
	if err != nil {
		return err
	}
	if !slices.Contains(refunded, *r.Amount) && (*r.Amount != 0 || len(refunded) > 0) {
		return ErrReturnOver
	}
	return nil
}

func (r Receipt) restock(itemID int64) bool {
	if exception, ok := r.Exceptions[itemID]; ok {
		return exception
	}
	return r.Restock
}

// receive books lines in, and writes their refund down.
func (r Receipt) receive(ctx context.Context, d *delivered, now map[int64]shopdb.ReturnItemsRow) (refunded bool, err error) {
	byShelf := map[bool]map[int]int64{true: {}, false: {}}
	shares := map[int]share{}
	var worth []money.Amount // of each share: its total, its tax
	var lines []int
	for at, row := range d.rows {
		item, back := now[row.ID]
		if !back {
			continue
		}
		restock := r.restock(row.ItemID)
		if err := d.q.ReceiveReturnItem(ctx, shopdb.ReceiveReturnItemParams{ReturnID: r.ReturnID, OrderItemID: row.ID, Restocked: restock}); err != nil {
			return false, err
		}
		byShelf[restock][at] = item.Qty
		// Units whose money an operator has given back before are not paid for twice.
		qty := min(item.Qty, d.lines[at].Refundable())
		total, tax := d.lines[at].RefundOf(qty)
		if qty == 0 {
			total, tax = 0, 0
		}
		shares[at] = share{qty: qty, total: total, tax: tax, restocked: restock}
		worth, lines = append(worth, total, tax), append(lines, at)
	}
	for _, restock := range []bool{true, false} {
		if err := d.takeBack(ctx, byShelf[restock], restock); err != nil {
			return false, err
		}
	}
	shipping := money.Amount(0)
	if d.allBack() {
		shipping = d.shipping
	}
	if r.Amount != nil {
		all := shipping
		for _, part := range worth {
			all += part
		}
		if *r.Amount > all {
			return false, ErrRefundExceeds
		}
		parts := order.Share(*r.Amount, append(worth, shipping))
		for i, at := range lines {
			part := shares[at]
			part.total, part.tax = parts[2*i], parts[2*i+1]
			shares[at] = part
		}
		shipping = parts[2*len(lines)]
	}
	for at, part := range shares {
		if part.qty == 0 {
			delete(shares, at)
		}
	}
	id := r.ReturnID
	amount, err := d.refund(ctx, r.RefundID, shares, shipping, returnedByCustomer, r.By, &id)
	return amount > 0, err
}

// RejectReturn ends a return of which nothing was received. It returns ErrNotFound or ErrReturnOver.
func (db *DB) RejectReturn(ctx context.Context, orderID, id uuid.UUID, because string) (document json.RawMessage, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		if _, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: orderID}); err != nil {
			return err
		}
		coming, err := q.ReturnToReceive(ctx, shopdb.ReturnToReceiveParams{ID: id, OrderID: orderID})
		if err != nil {
			return err
		}
		items, err := q.ReturnItems(ctx, id)
		if err != nil {
			return err
		}
		received := false
		var vendors []int64
		for _, item := range items {
			received = received || item.ReceivedAt != nil
			vendors = append(vendors, item.VendorID)
		}
		switch {
		case coming.Status == "received" || received:
			return ErrReturnOver
		case coming.Status == "requested":
			if err := q.EndReturn(ctx, shopdb.EndReturnParams{ID: id, Status: "rejected", RejectedBecause: &because}); err != nil {
				return err
			}
			if err := tellReturn(ctx, q, orderID, id, "return.rejected", vendors); err != nil {
				return err
			}
		}
		document, err = oneReturn(ctx, q, id, nil)
		return err
	})
	return document, failed("reject return", err)
}

// OrderOfReturn is the order that a return is of, or ErrNotFound.
func (db *DB) OrderOfReturn(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
	orderID, err := db.ReturnOrder(ctx, id)
	return orderID, failed("find return", err)
}

// FindReturn gives a return as its reader sees it, or ErrNotFound where it is not of customerID's or
// has no line of vendorID's (nil: whoever's). A vendor sees their own lines.
func (db *DB) FindReturn(ctx context.Context, id uuid.UUID, customerID, vendorID *int64) (json.RawMessage, error) {
	document, err := db.ReturnByID(ctx, shopdb.ReturnByIDParams{ID: id, CustomerID: customerID, VendorID: vendorID})
	return document, failed("find return", err)
}

// oneReturn is a return as vendorID sees it, or, when that is nil, operators and customers.
func oneReturn(ctx context.Context, q *shopdb.Queries, id uuid.UUID, vendorID *int64) (json.RawMessage, error) {
	return q.ReturnByID(ctx, shopdb.ReturnByIDParams{ID: id, VendorID: vendorID})
}

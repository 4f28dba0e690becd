package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

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
		return q.RefundByID(ctx, shopdb.RefundByIDParams{ID: r.ID})
	})
	return answer, earlier, failed("request refund", err)
}

// RetryRefund asks again for a refund that has failed, and returns the document of the refund that is
// asked for instead: the same one when it was asked for before. It returns ErrNotFound, ErrNotFailed,
// or ErrRefundExceeds or ErrTooMany where its money or units were given back otherwise meanwhile.
func (db *DB) RetryRefund(ctx context.Context, id, retryID uuid.UUID, by string) (document json.RawMessage, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		if _, err := q.Refund(ctx, id); err != nil {
			return err
		}
		made, err := q.RetryRefund(ctx, shopdb.RetryRefundParams{ID: id, RetryID: retryID, RequestedBy: by})
		if err != nil {
			return err
		}
		if made == uuid.Nil {
			return ErrNotFailed
		}
		document, err = q.RefundByID(ctx, shopdb.RefundByIDParams{ID: made})
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
		if err := d.takeBack(ctx, chosen, true); err != nil {
			return nil, 0, err
		}
		if d.allBack() {
			shipping = d.shipping
		}
	}
	return shares, shipping, nil
}

// FindRefund gives a refund, or ErrNotFound where it is not of customerID's (nil: whoever's).
func (db *DB) FindRefund(ctx context.Context, id uuid.UUID, customerID *int64) (json.RawMessage, error) {
	document, err := db.RefundByID(ctx, shopdb.RefundByIDParams{ID: id, CustomerID: customerID})
	return document, failed("find refund", err)
}

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

// AskPayment writes down that the provider is about to be asked for something; see the query. It returns
// ErrSold for a void of a payment that is still to be captured.
func (db *DB) AskPayment(ctx context.Context, p shopdb.AskPaymentParams) (shopdb.AskPaymentRow, error) {
	asked, err := db.Queries.AskPayment(ctx, p)
	return asked, failed("ask for payment", err)
}

// AwaitTransfer has a pending order wait for its bank transfer: its request is answered, and its
// customer's cart is free.
func (db *DB) AwaitTransfer(ctx context.Context, orderID uuid.UUID, patience time.Duration) error {
	return failed("await transfer", db.Queries.AwaitTransfer(ctx, shopdb.AwaitTransferParams{
		OrderID: orderID, PatienceSeconds: patience.Seconds(),
	}))
}

// TransferStands tells whether all the money of an order by bank transfer has arrived, and how much
// longer it is waited for.
func (db *DB) TransferStands(ctx context.Context, orderID uuid.UUID) (whole bool, left time.Duration, err error) {
	transfer, err := db.TransferOf(ctx, orderID)
	if err != nil {
		return false, 0, failed("read transfer", err)
	}
	return transfer.Whole, time.Duration(transfer.SecondsLeft * float64(time.Second)), nil
}

// TakenWebhook is what became of a webhook.
type TakenWebhook struct {
	OrderID *uuid.UUID `json:"order_id"` // nil: no payment of the shop
	Handled bool       `json:"handled"`  // before
	Wanted  bool       `json:"wanted"`   // the order's checkout has to hear of it
	Lost    bool       `json:"lost"`     // the order is sold, and its provider does not pay for it any more: see GiveUpLost
}

// TakePaymentWebhook keeps a webhook and writes down what it tells, once however often it comes and
// whoever learned of it first.
func (db *DB) TakePaymentWebhook(ctx context.Context, w shopdb.TakePaymentWebhookParams) (TakenWebhook, error) {
	document, err := db.Queries.TakePaymentWebhook(ctx, w)
	if err != nil {
		return TakenWebhook{}, failed("take webhook", err)
	}
	var taken TakenWebhook
	if err := json.Unmarshal(document, &taken); err != nil {
		return TakenWebhook{}, fmt.Errorf("read webhook: %w", err)
	}
	return taken, nil
}

// GiveUpLost gives up what was not sent off of a sold order whose provider has let go of the money that
// it had set aside: the goods are on the shelf again, and the rest of the order goes on. Of an order
// whose payment is not lost, or that is not waiting to be sent, it changes nothing.
func (db *DB) GiveUpLost(ctx context.Context, orderID uuid.UUID) error {
	return failed("give up what is not paid for", db.InTx(ctx, func(q *shopdb.Queries) error {
		sold, err := q.LockOrder(ctx, shopdb.LockOrderParams{ID: orderID})
		if err != nil || order.Status(sold.Status) != order.Confirmed {
			return err
		}
		if lost, err := q.PaymentIsLost(ctx, orderID); err != nil || !lost {
			return err
		}
		shipments, err := planShipments(ctx, q, sold)
		if err != nil {
			return err
		}
		return cancelUnsent(ctx, q, shipments, order.AuthorizationLost, "shop")
	}))
}

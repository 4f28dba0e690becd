package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

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

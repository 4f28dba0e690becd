package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/payment"
	"mercado/internal/store/shopdb"
)

// Instruct has the provider say where the customer is to send the money of an order that is paid by
// bank transfer. The decline code says that it takes no transfers.
func (p *Payments) Instruct(ctx context.Context, orderID uuid.UUID) (Authorization, error) {
	defer heartbeat(ctx)()
	code, err := p.ask(ctx, question{
		AskPaymentParams: shopdb.AskPaymentParams{OrderID: orderID, Operation: "instruct"},
		call: func(ctx context.Context, provider payment.Provider, asked shopdb.AskPaymentRow) (payment.Payment, error) {
			return provider.Authorize(ctx, payment.Authorization{
				IdempotencyKey: asked.Key, Reference: asked.ID.String(), OrderReference: asked.OrderID.String(),
				Method: asked.Method, Amount: asked.Amount, Currency: asked.Currency,
			})
		},
		happened: func(_ shopdb.AskPaymentRow, told payment.Payment) (bool, string) {
			switch told.Status {
			case payment.Refused:
				return true, cmp.Or(told.DeclineCode, payment.NoReason)
			case payment.Voided:
				return true, "voided"
			default:
				return told.Instructions != nil, ""
			}
		},
	})
	return Authorization{DeclineCode: code}, err
}

// LookForTransfer asks the provider what has arrived for an order, in case its webhook was lost.
func (p *Payments) LookForTransfer(ctx context.Context, orderID uuid.UUID) error {
	defer heartbeat(ctx)()
	transfer, err := p.DB.TransferOf(ctx, orderID)
	if err != nil {
		return fmt.Errorf("read transfer: %w", err)
	}
	provider, err := p.Providers.Of(transfer.Provider)
	if err != nil {
		return err
	}
	told, err := provider.Get(ctx, transfer.ID.String())
	if err != nil {
		return fmt.Errorf("look for transfer: %w", err)
	}
	for _, arrived := range told.Transfers {
		asked := shopdb.AskPaymentRow{ID: transfer.ID, Key: arrived.Key(), Amount: arrived.Amount}
		if err := p.record(ctx, "receive", asked, "approved", "", told); err != nil {
			return err
		}
	}
	return nil
}

// SendBack sends back what has arrived by transfer for an order that is decided, and is not its
// money: too much, too late, twice. What the provider refuses to send back is left for people.
func (p *Payments) SendBack(ctx context.Context, orderID uuid.UUID) error {
	defer heartbeat(ctx)()
	for {
		document, err := p.DB.AskSendBack(ctx, orderID)
		if err != nil {
			return fmt.Errorf("note money to send back: %w", err)
		}
		if document == nil {
			return nil
		}
		var open struct {
			PaymentID uuid.UUID    `json:"payment_id"`
			Provider  string       `json:"provider"`
			Key       string       `json:"key"`
			Amount    money.Amount `json:"amount"`
			Again     bool         `json:"again"`
		}
		if err := json.Unmarshal(document, &open); err != nil {
			return fmt.Errorf("read money to send back: %w", err)
		}
		asked := shopdb.AskPaymentRow{
			ID: open.PaymentID, OrderID: orderID, Provider: open.Provider, Key: open.Key, Amount: open.Amount,
		}
		if open.Again {
			asked.Earlier = "asked"
		}
		code, err := p.put(ctx, question{
			AskPaymentParams: shopdb.AskPaymentParams{OrderID: orderID, Operation: "send_back"},
			call: func(ctx context.Context, provider payment.Provider, asked shopdb.AskPaymentRow) (payment.Payment, error) {
				return provider.Refund(ctx, payment.Change{
					IdempotencyKey: asked.Key, Reference: asked.ID.String(), Amount: asked.Amount,
				})
			},
			happened: func(asked shopdb.AskPaymentRow, told payment.Payment) (bool, string) {
				return slices.Contains(told.Done, asked.Key), ""
			},
		}, asked)
		if err != nil {
			return err
		}
		if code != "" {
			slog.ErrorContext(ctx, "the provider does not send money back that no order wants",
				"order", orderID, "amount", open.Amount, "decline_code", code)
			return nil
		}
	}
}

package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"mercado/internal/completion"
	"mercado/internal/money"
	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Payments asks the provider for what an order needs. Each question and each answer is a row of
// ordering.payment_attempts; a question whose answer was lost is looked up before it is repeated.
type Payments struct {
	DB        *store.DB
	Providers payment.Providers
	Board     *completion.Board // of requests of this process that wait; may be nil

	questions questions
}

// Authorization is the provider's word on an order's payment, and what came of it.
type Authorization struct {
	DeclineCode string // empty: approved
	Sold        bool   // the order is confirmed; false for one that somebody has cancelled before
}

// salePatience is how long the transaction may wait for others that want the same.
const salePatience = 10 * time.Second

// Authorize sets the order's total aside and sells the order: by the transaction that writes down that
// it is set aside, unless that was known before.
func (p *Payments) Authorize(ctx context.Context, orderID uuid.UUID) (Authorization, error) {
	defer heartbeat(ctx)()
	var sale *store.Sale
	code, err := p.ask(ctx, question{
		approved: func(ctx context.Context, noted shopdb.RecordPaymentParams) error {
			// Both is done or neither: it is not stopped half-way because the provider was slow.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), salePatience)
			defer cancel()
			sold, err := p.DB.SellAuthorized(ctx, shopdb.SellAuthorizedParams{
				PaymentID: noted.PaymentID, Key: noted.Key, Amount: noted.Amount, Reference: noted.Reference,
			})
			sale = &sold
			return err
		},
		AskPaymentParams: shopdb.AskPaymentParams{OrderID: orderID, Operation: "authorize"},
		call: func(ctx context.Context, provider payment.Provider, asked shopdb.AskPaymentRow) (payment.Payment, error) {
			if asked.Token == nil {
				return payment.Payment{}, fmt.Errorf("payment %s has no token", asked.ID)
			}
			return provider.Authorize(ctx, payment.Authorization{
				IdempotencyKey: asked.Key, Reference: asked.ID.String(), OrderReference: asked.OrderID.String(),
				Method: asked.Method, Token: *asked.Token, Amount: asked.Amount, Currency: asked.Currency,
			})
		},
		happened: func(_ shopdb.AskPaymentRow, told payment.Payment) (bool, string) {
			switch told.Status {
			case payment.Refused:
				return true, cmp.Or(told.DeclineCode, payment.NoReason)
			case payment.Voided:
				return true, "voided"
			default:
				return true, ""
			}
		},
	})
	if err != nil || code != "" {
		return Authorization{DeclineCode: code}, err
	}
	if sale == nil {
		sold, err := p.DB.ConfirmOrder(ctx, orderID)
		if err != nil {
			return Authorization{}, err
		}
		sale = &sold
	}
	return Authorization{Sold: tell(p.Board, orderID, *sale)}, nil
}

// Void gives back what is set aside for the order, if anything is, and bars the provider from
// setting it aside later. Of a sold order, of which something is left to capture, it never does: that it
// was asked to is a fault which nobody gets rid of by trying again.
func (p *Payments) Void(ctx context.Context, orderID uuid.UUID) error {
	defer heartbeat(ctx)()
	err := p.change(ctx, shopdb.AskPaymentParams{OrderID: orderID, Operation: "void"},
		func(provider payment.Provider, ctx context.Context, ask payment.Change) (payment.Payment, error) {
			told, err := provider.Void(ctx, ask)
			if errors.Is(err, payment.ErrNotFound) {
				return payment.Payment{}, nil // nothing is set aside
			}
			return told, err
		})
	if errors.Is(err, store.ErrSold) {
		return temporal.NewNonRetryableApplicationError(err.Error(), orderSold, nil)
	}
	return err
}

// orderSold is the type of the error of a void that was asked for by mistake.
const orderSold = "OrderSold"

// Types of the errors of what a provider has refused, which it does for good.
const (
	captureRefused = "CaptureRefused"
	refundRefused  = "RefundRefused"
)

// IsCaptureRefused reports whether an activity failed because the provider refused a capture.
func IsCaptureRefused(err error) bool { return isOfType(err, captureRefused) }

// IsRefundRefused reports whether an activity failed because the provider refused a refund.
func IsRefundRefused(err error) bool { return isOfType(err, refundRefused) }

func isOfType(err error, kind string) bool {
	var failed *temporal.ApplicationError
	return errors.As(err, &failed) && failed.Type() == kind
}

// capture takes the amount of one shipment. See IsCaptureRefused.
func (p *Payments) capture(ctx context.Context, orderID, shipmentID uuid.UUID, amount money.Amount) error {
	return p.changePart(ctx, shopdb.AskPaymentParams{
		OrderID: orderID, Operation: "capture", PartID: &shipmentID, PartAmount: &amount,
	}, payment.Provider.Capture, captureRefused)
}

// refund pays back an amount of what was captured. See IsRefundRefused.
func (p *Payments) refund(ctx context.Context, orderID, refundID uuid.UUID, amount money.Amount) error {
	return p.changePart(ctx, shopdb.AskPaymentParams{
		OrderID: orderID, Operation: "refund", PartID: &refundID, PartAmount: &amount,
	}, payment.Provider.Refund, refundRefused)
}

func (p *Payments) changePart(ctx context.Context, params shopdb.AskPaymentParams, call change, refusal string) error {
	err := p.change(ctx, params, call)
	var refused *payment.Declined
	if errors.As(err, &refused) {
		return temporal.NewNonRetryableApplicationError(err.Error(), refusal, nil)
	}
	return err
}

// change is Capture, Void or Refund of a provider.
type change = func(payment.Provider, context.Context, payment.Change) (payment.Payment, error)

// change asks for something to be done with what was authorised. It returns a *payment.Declined
// when the provider refused.
func (p *Payments) change(ctx context.Context, params shopdb.AskPaymentParams, call change) error {
	code, err := p.ask(ctx, question{
		AskPaymentParams: params,
		call: func(ctx context.Context, provider payment.Provider, asked shopdb.AskPaymentRow) (payment.Payment, error) {
			change := payment.Change{IdempotencyKey: asked.Key, Reference: asked.ID.String(), Amount: asked.Amount}
			if asked.ProviderReference != nil {
				change.PaymentID = *asked.ProviderReference
			}
			return call(provider, ctx, change)
		},
		happened: func(asked shopdb.AskPaymentRow, told payment.Payment) (bool, string) {
			return slices.Contains(told.Done, asked.Key), ""
		},
	})
	if err == nil && code != "" {
		err = fmt.Errorf("%s payment of order %s: %w", params.Operation, params.OrderID, &payment.Declined{Code: code})
	}
	return err
}

// question is one thing to ask of the provider.
type question struct {
	shopdb.AskPaymentParams
	call func(context.Context, payment.Provider, shopdb.AskPaymentRow) (payment.Payment, error)
	// happened tells from what the provider knows whether the question reached it, and the
	// decline code if it was refused.
	happened func(shopdb.AskPaymentRow, payment.Payment) (reached bool, declineCode string)
	// approved, which may be nil, writes an approval down instead of DB.RecordPayment.
	approved func(context.Context, shopdb.RecordPaymentParams) error
}

// ask puts a question once, and returns the decline code, empty when it was approved. An error
// means that the answer is not known yet: ask again.
func (p *Payments) ask(ctx context.Context, q question) (declineCode string, err error) {
	if q.Operation == "authorize" && activity.GetInfo(ctx).IsLocalActivity {
		if written, fresh := p.questions.take(q.OrderID); fresh {
			return p.put(ctx, q, shopdb.AskPaymentRow{
				ID: written.PaymentID, OrderID: q.OrderID, Provider: written.Provider, Method: written.Method,
				Token: &written.Token, Currency: written.Currency, Amount: written.Amount, Key: written.Key,
			})
		}
	}
	asked, err := p.DB.AskPayment(ctx, q.AskPaymentParams)
	if err != nil {
		return "", fmt.Errorf("note payment attempt: %w", err)
	}
	return p.put(ctx, q, asked)
}

// put puts a question that is written down.
func (p *Payments) put(ctx context.Context, q question, asked shopdb.AskPaymentRow) (declineCode string, err error) {
	provider, err := p.Providers.Of(asked.Provider)
	if err != nil {
		return "", err
	}
	switch asked.Earlier {
	case "approved":
		return "", nil
	case "declined":
		return cmp.Or(asked.EarlierCode, payment.NoReason), nil
	case "": // asked for the first time
	default:
		if known, code, err := p.lookUp(ctx, provider, q, asked); known || err != nil {
			return code, err
		}
	}
	told, err := q.call(ctx, provider, asked)
	var refused *payment.Declined
	switch {
	case err == nil:
		return "", p.answered(ctx, q, asked, "approved", "", told)
	case errors.As(err, &refused):
		code := cmp.Or(refused.Code, payment.NoReason)
		return code, p.answered(ctx, q, asked, "declined", code, payment.Payment{ID: refused.PaymentID})
	case errors.Is(err, payment.ErrUnknown):
		unknown := fmt.Errorf("%s payment: %w", q.Operation, err)
		if err := p.record(ctx, q.Operation, asked, "unknown", "", payment.Payment{}); err != nil {
			return "", errors.Join(unknown, err)
		}
		known, code, err := p.lookUp(ctx, provider, q, asked)
		if known || err != nil {
			return code, err
		}
		return "", unknown
	default:
		return "", errors.Join(fmt.Errorf("%s payment: %w", q.Operation, err), p.record(ctx, q.Operation, asked, "failed", "", payment.Payment{}))
	}
}

// lookUp asks the provider what became of a question whose answer was lost.
func (p *Payments) lookUp(
	ctx context.Context, provider payment.Provider, q question, asked shopdb.AskPaymentRow,
) (known bool, declineCode string, err error) {
	told, err := provider.Get(ctx, asked.ID.String())
	if errors.Is(err, payment.ErrNotFound) {
		return false, "", nil
	}
	if err != nil {
		return false, "", fmt.Errorf("look up payment: %w", err)
	}
	known, declineCode = q.happened(asked, told)
	if !known {
		return false, "", nil
	}
	outcome := "approved"
	if declineCode != "" {
		outcome = "declined"
	}
	if err := p.record(ctx, "lookup", asked, outcome, declineCode, told); err != nil {
		return false, "", err
	}
	return true, declineCode, p.answered(ctx, q, asked, outcome, declineCode, told)
}

// answered writes down what a question was answered for good.
func (p *Payments) answered(
	ctx context.Context, q question, asked shopdb.AskPaymentRow, outcome, declineCode string, told payment.Payment,
) error {
	if outcome != "approved" || q.approved == nil {
		return p.record(ctx, q.Operation, asked, outcome, declineCode, told)
	}
	noted, err := noteOf(q.Operation, asked, outcome, declineCode, told)
	if err != nil {
		return err
	}
	return q.approved(ctx, noted)
}

func (p *Payments) record(
	ctx context.Context, operation string, asked shopdb.AskPaymentRow, outcome, declineCode string, told payment.Payment,
) error {
	noted, err := noteOf(operation, asked, outcome, declineCode, told)
	if err != nil {
		return err
	}
	if err := p.DB.RecordPayment(ctx, noted); err != nil {
		return fmt.Errorf("record answer of provider: %w", err)
	}
	return nil
}

// noteOf is what the ledger says of an answer.
func noteOf(
	operation string, asked shopdb.AskPaymentRow, outcome, declineCode string, told payment.Payment,
) (shopdb.RecordPaymentParams, error) {
	noted := shopdb.RecordPaymentParams{
		PaymentID: asked.ID, Operation: operation, Key: asked.Key, Amount: asked.Amount,
		Outcome: outcome, DeclineCode: orNull(declineCode), Reference: orNull(told.ID),
	}
	if told.Instructions != nil {
		var err error
		if noted.Instructions, err = json.Marshal(told.Instructions); err != nil {
			return noted, err
		}
	}
	return noted, nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

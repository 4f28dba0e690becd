package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Refunds does the steps of paying money back.
type Refunds struct {
	DB       *store.DB
	Payments *Payments
}

// RefundRefusal tells whether an activity failed because the provider refused a refund, and the
// provider's reason.
func RefundRefusal(err error) (reason string, refused bool) {
	var failed *temporal.ApplicationError
	if !IsRefundRefused(err) || !errors.As(err, &failed) {
		return "", false
	}
	_, reason, found := strings.Cut(failed.Message(), (&payment.Declined{}).Error())
	if !found {
		reason = "refused"
	}
	return reason, true
}

// Pay has the provider pay a refund back, once. See RefundRefusal.
func (r *Refunds) Pay(ctx context.Context, refundID uuid.UUID) error {
	defer heartbeat(ctx)()
	refund, err := r.DB.Refund(ctx, refundID)
	if err != nil {
		return fmt.Errorf("read refund: %w", err)
	}
	if refund.Status != "pending" {
		return nil
	}
	return r.Payments.refund(ctx, refund.OrderID, refund.ID, refund.Amount)
}

// Complete ends a refund whose money is on its way.
func (r *Refunds) Complete(ctx context.Context, refundID uuid.UUID) error {
	if err := r.DB.CompleteRefund(ctx, refundID); err != nil {
		return fmt.Errorf("complete refund: %w", err)
	}
	return nil
}

// Fail ends a refund that the provider refused, with its reason.
func (r *Refunds) Fail(ctx context.Context, refundID uuid.UUID, reason string) error {
	if err := r.DB.FailRefund(ctx, shopdb.FailRefundParams{ID: refundID, Failure: reason}); err != nil {
		return fmt.Errorf("fail refund: %w", err)
	}
	return nil
}

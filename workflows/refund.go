package workflows

import (
	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
)

var refundSteps *activities.Refunds

// Refund is the saga that pays a refund back, which was written down with the request for it: the
// provider is asked until its answer is known, and the refund ends completed, or failed with the
// provider's reason.
func Refund(ctx workflow.Context, refundID uuid.UUID) error {
	workflow.SetCurrentDetails(ctx, "waiting for the payment provider")
	err := workflow.ExecuteActivity(call(ctx, "pay the money back", forEver), refundSteps.Pay, refundID).Get(ctx, nil)
	if reason, refused := activities.RefundRefusal(err); refused {
		workflow.SetCurrentDetails(ctx, "failed: "+reason)
		return workflow.ExecuteLocalActivity(step(ctx, "write down that it failed"), refundSteps.Fail, refundID, reason).Get(ctx, nil)
	}
	if err != nil {
		return err
	}
	if err := workflow.ExecuteLocalActivity(step(ctx, "complete the refund"), refundSteps.Complete, refundID).Get(ctx, nil); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, "completed")
	return nil
}

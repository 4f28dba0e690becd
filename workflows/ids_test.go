package workflows_test

import (
	"testing"

	"github.com/google/uuid"

	"mercado/workflows"
)

// Links, webhooks and repeated starts find a workflow by its id: it must not change.
func TestWorkflowIDs(t *testing.T) {
	t.Parallel()
	order := uuid.MustParse("01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa")
	for got, want := range map[string]string{
		workflows.CheckoutID(order):   "checkout/01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa",
		workflows.RefundID(order):     "refund/01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa",
		workflows.FulfilmentID(order): "fulfilment/01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa",
	} {
		if got != want {
			t.Errorf("the id is %s, want %s", got, want)
		}
	}
}

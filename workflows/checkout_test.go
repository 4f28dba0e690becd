package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"mercado/activities"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/workflows"
)

// checkoutRun plays a checkout in virtual time, with activities that do as they are told.
type checkoutRun struct {
	*testsuite.TestWorkflowEnvironment
	done []string // what was asked for, in order
}

func newCheckoutRun() *checkoutRun {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &checkoutRun{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	r.SetTestTimeout(2 * time.Minute)
	r.RegisterActivity(&activities.Checkout{})
	r.RegisterActivity(&activities.Payments{})
	return r
}

// does has an activity answer, and notes that it was asked.
func (r *checkoutRun) does(name string, arguments int, answers ...any) {
	matchers := slices.Repeat([]any{mock.Anything}, arguments+1)
	r.OnActivity(name, matchers...).Return(answers...).Run(func(args mock.Arguments) {
		if ending, ok := args.Get(len(args) - 1).(activities.Ending); ok {
			name += " " + string(ending.Reason)
		}
		if len(r.done) == 0 || r.done[len(r.done)-1] != name { // attempts count once
			r.done = append(r.done, name)
		}
	})
}

func (r *checkoutRun) play(t *testing.T, want workflows.CheckoutResult, steps ...string) {
	t.Helper()
	r.ExecuteWorkflow(workflows.Checkout, uuid.New())
	var got workflows.CheckoutResult
	if err := r.GetWorkflowResult(&got); err != nil || got != want {
		t.Errorf("it ended %+v, %v; want %+v", got, err, want)
	}
	if !slices.Equal(r.done, steps) {
		t.Errorf("it did %q, want %q", r.done, steps)
	}
}

var errAway = errors.New("away")

func TestCheckoutSells(t *testing.T) {
	t.Parallel()
	r := newCheckoutRun()
	r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
	r.does("Authorize", 1, activities.Authorization{Sold: true}, nil)
	r.play(t, workflows.CheckoutResult{Status: order.Confirmed}, "Reserve", "Authorize")
}

// TestCheckoutSellsWhatCashPays asks no provider.
func TestCheckoutSellsWhatCashPays(t *testing.T) {
	t.Parallel()
	r := newCheckoutRun()
	r.does("Reserve", 1, activities.Reservation{Status: order.Pending, PaymentMethod: "cash_on_delivery"}, nil)
	r.does("Confirm", 1, activities.Confirmation{}, nil)
	r.play(t, workflows.CheckoutResult{Status: order.Confirmed}, "Reserve", "Confirm")
}

// TestCheckoutLeavesASaleAlone has the answer lost of the step that sold the order, and nobody there to
// ask again: what is undone then finds a sale.
func TestCheckoutLeavesASaleAlone(t *testing.T) {
	t.Parallel()
	r := newCheckoutRun()
	r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
	r.does("Authorize", 1, activities.Authorization{}, errAway)
	r.does("Cancel", 2, activities.Cancelled{Sold: true}, nil)
	r.play(t, workflows.CheckoutResult{Status: order.Confirmed}, "Reserve", "Authorize", "Cancel payment_unavailable")
}

func TestCheckoutUndoesWhatItHasDone(t *testing.T) {
	t.Parallel()
	cancelled := func(reason order.CancelReason) workflows.CheckoutResult {
		return workflows.CheckoutResult{Status: order.Cancelled, Reason: reason}
	}
	t.Run("out of stock", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Shortage: &store.Shortage{ProductID: 1}}, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.play(t, cancelled(order.OutOfStock), "Reserve", "Cancel out_of_stock")
	})
	t.Run("declined: there is nothing to void", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
		r.does("Authorize", 1, activities.Authorization{DeclineCode: "insufficient_funds"}, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.play(t, cancelled(order.PaymentDeclined), "Reserve", "Authorize", "Cancel payment_declined")
	})
	t.Run("the provider is away: nobody waits for its void", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
		r.does("Authorize", 1, activities.Authorization{}, errAway)
		r.does("Void", 1, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.play(t, cancelled(order.PaymentUnavailable), "Reserve", "Authorize", "Cancel payment_unavailable", "Void")
	})
	t.Run("an earlier run was ended by force after it had cancelled", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Status: order.Cancelled}, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.does("Void", 1, nil)
		r.play(t, cancelled(""), "Reserve", "Cancel ", "Void")
	})
	t.Run("an operator cancels while the provider is asked", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
		r.does("Authorize", 1, activities.Authorization{}, errAway)
		r.does("Void", 1, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.RegisterDelayedCallback(r.CancelWorkflow, 10*time.Second)
		r.play(t, cancelled(order.CheckoutStopped), "Reserve", "Authorize", "Cancel checkout_stopped", "Void")
	})
	t.Run("somebody has cancelled when it is to be confirmed", func(t *testing.T) {
		t.Parallel()
		r := newCheckoutRun()
		r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
		r.does("Authorize", 1, activities.Authorization{}, nil)
		r.does("Confirm", 1, activities.Confirmation{Stopped: true}, nil)
		r.does("Void", 1, nil)
		r.does("Cancel", 2, activities.Cancelled{}, nil)
		r.play(t, cancelled(order.CheckoutStopped), "Reserve", "Authorize", "Confirm", "Cancel checkout_stopped", "Void")
	})
}

// TestCompensationNeverGivesUp sees what the server is asked for: it, not this virtual clock with
// its limit of ten attempts, is what keeps trying.
func TestCompensationNeverGivesUp(t *testing.T) {
	t.Parallel()
	r := newCheckoutRun()
	tries := 0
	r.does("Reserve", 1, activities.Reservation{Status: order.Pending}, nil)
	r.does("Authorize", 1, activities.Authorization{}, errAway)
	r.OnActivity("Void", mock.Anything, mock.Anything).Return(func(ctx context.Context, _ uuid.UUID) error {
		if limit := activity.GetInfo(ctx).ScheduleToCloseTimeout; limit < 365*24*time.Hour {
			t.Errorf("the void is tried for %s", limit)
		}
		if tries++; tries < 10 {
			return errAway
		}
		return nil
	})
	r.does("Cancel", 2, activities.Cancelled{}, nil)
	r.play(t, workflows.CheckoutResult{Status: order.Cancelled, Reason: order.PaymentUnavailable},
		"Reserve", "Authorize", "Cancel payment_unavailable")
	if tries != 10 {
		t.Errorf("voided at try %d", tries)
	}
}

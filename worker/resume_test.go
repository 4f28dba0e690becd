package worker_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// What an order is in the database decides what is left to do, whatever Temporal remembers.

func TestCheckoutEndedByForceIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	placed := buyAsync(buyer, "timeout_then_approved")
	workertest.Await(t, "the provider to authorise", func() bool { return shop.Charges(placed).Counts.Authorizations == 1 })
	terminate(t, shop, workflows.CheckoutID(placed))

	done := shop.AwaitStatus(placed, order.Delivered)
	if charges := shop.Charges(placed); charges.Counts.Authorizations != 1 || charges.Captured != done.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 8, 0)
}

func TestProviderThatIsAwayHoldsUpNeitherStockNorCustomer(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.ProviderAway())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	placed := stopCheckout(t, shop, buyer, product, 4)
	buyer.Put(product, 1).Want(http.StatusOK)
	shop.WantStock(product, 10, 1)

	// Nobody knows whether the provider has charged, so its void is still asked for, by another
	// workflow if need be.
	first := runOf(t, shop, workflows.CheckoutID(placed))
	terminate(t, shop, workflows.CheckoutID(placed))
	workertest.Await(t, "the void to be asked for again", func() bool {
		return runOf(t, shop, workflows.CheckoutID(placed)) != first
	})
	var status string
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(),
		"select status from ordering.payments where order_id = $1", placed).Scan(&status); err != nil || status != "pending" {
		t.Errorf("the payment is %s, %v", status, err)
	}
}

func TestFulfilmentThatIsGoneIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(*testing.T, *workertest.Shop, uuid.UUID){
		"ended by force": func(t *testing.T, shop *workertest.Shop, id uuid.UUID) {
			terminate(t, shop, workflows.FulfilmentID(id))
		},
		"Temporal has lost it": func(t *testing.T, shop *workertest.Shop, id uuid.UUID) {
			_, err := shop.Deps.Temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
				Namespace:         shop.World.Temporal.Namespace,
				WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflows.FulfilmentID(id)},
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
			placed := buyOne(shop)
			shipped := shop.AwaitStatus(placed, order.Shipped)
			first := runOf(t, shop, workflows.FulfilmentID(placed))
			lose(t, shop, placed)
			longAgo(shop)
			workertest.Await(t, "another fulfilment", func() bool {
				run := runOf(t, shop, workflows.FulfilmentID(placed))
				return run != "" && run != first
			})
			tell(shop, shop.Deps.Shop.WebhookSecret, time.Now(), deliveredNow(shipped)).Want(http.StatusNoContent)
			wantDeliveredOnce(t, shop, placed)
		})
	}
	t.Run("Postgres was restored to before its end", func(t *testing.T) {
		t.Parallel()
		shop := workertest.New(t)
		placed := buyOne(shop)
		shop.AwaitStatus(placed, order.Delivered)
		shop.Exec("alter table ordering.orders disable trigger orders_transition")
		shop.Exec("alter table ordering.shipments disable trigger shipments_transition")
		shop.Exec("update ordering.shipments set status = 'shipped', delivered_at = null")
		shop.Exec("update ordering.orders set status = 'shipped', actual_delivery = null")
		shop.Exec("alter table ordering.shipments enable trigger shipments_transition")
		shop.Exec("alter table ordering.orders enable trigger orders_transition")
		longAgo(shop)
		tracked := shop.AwaitStatus(placed, order.Shipped)
		if tracked.ActualDelivery != nil {
			t.Fatal("the order was not restored")
		}
		workertest.Await(t, "another fulfilment", func() bool {
			message := deliveredNow(tracked)
			tell(shop, shop.Deps.Shop.WebhookSecret, time.Now(), message).Want(http.StatusNoContent)
			return apitest.Decode[order.Document](shop.Admin().Get("/api/orders/"+placed.String()).Want(http.StatusOK)).Status == order.Delivered
		})
		wantDeliveredOnce(t, shop, placed)
	})
}

// TestImportedOrdersAreLeftAlone has unfinished orders of a history that was imported: no workflow
// may ever see to them.
func TestImportedOrdersAreLeftAlone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	shop.Exec(`
		with imported as (
			insert into ordering.orders (id, customer_id, status, payment_method, subtotal, total_amount, cancel_reason, confirmed_at, updated_at)
			select
				gen_random_uuid(), 1, status, 'card', 1, 1, case when status = 'cancelled' then 'changed_mind' end,
				case when status in ('confirmed', 'shipped') then now() - interval '1 year' end, now() - interval '1 year'
			from unnest(array['pending', 'cancelled', 'confirmed', 'shipped']) as status
			returning id
		)
		insert into ordering.payments (id, order_id, provider, method, status, amount, currency)
		select gen_random_uuid(), id, 'history', 'card', 'pending', 1, 'EUR' from imported`)
	left := func() (found int) {
		t.Helper()
		checkouts, err := shop.Deps.DB.OrdersToCheckOut(t.Context(), shopdb.OrdersToCheckOutParams{Most: 10})
		if err != nil {
			t.Fatal(err)
		}
		fulfilments, err := shop.Deps.DB.OrdersToFulfil(t.Context(), shopdb.OrdersToFulfilParams{Most: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(checkouts) + len(fulfilments)
	}
	if found := left(); found != 0 {
		t.Errorf("%d imported orders would be seen to", found)
	}
	shop.Exec("update ordering.payments set provider = 'sandbox'")
	if found := left(); found != 4 {
		t.Errorf("%d of 4 orders would be seen to", found)
	}
}

func buyOne(shop *workertest.Shop) uuid.UUID {
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	return apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
}

func buyAsync(buyer *workertest.Buyer, token string) uuid.UUID {
	return apitest.Decode[order.Document](buyer.Buy(token, "Prefer", "respond-async").Want(http.StatusAccepted)).ID
}

// stopCheckout cancels the checkout of an order whose provider does not answer, and returns when
// the order is cancelled and its payment about to be voided.
func stopCheckout(t *testing.T, shop *workertest.Shop, buyer *workertest.Buyer, product, qty int64) uuid.UUID {
	t.Helper()
	buyer.Put(product, qty).Want(http.StatusOK)
	placed := buyAsync(buyer, "approve")
	awaitAsked(t, shop, placed, "authorize")
	if err := shop.Deps.Temporal.CancelWorkflow(t.Context(), workflows.CheckoutID(placed), ""); err != nil {
		t.Fatal(err)
	}
	shop.AwaitStatus(placed, order.Cancelled)
	awaitAsked(t, shop, placed, "void")
	return placed
}

// awaitAsked waits until the provider was asked for something and has answered, or was given up.
func awaitAsked(t *testing.T, shop *workertest.Shop, placed uuid.UUID, operation string) {
	t.Helper()
	workertest.Await(t, "the provider to be asked to "+operation, func() bool {
		attempts, err := shop.Deps.DB.PaymentAttempts(t.Context(), placed)
		if err != nil {
			t.Fatal(err)
		}
		for _, attempt := range attempts {
			if attempt.Operation == operation && attempt.Outcome != "asked" {
				return true
			}
		}
		return false
	})
}

// longAgo makes every order old enough to be looked after.
func longAgo(shop *workertest.Shop) {
	shop.Exec("update ordering.orders set confirmed_at = confirmed_at - interval '1 hour'")
}

func terminate(t *testing.T, shop *workertest.Shop, workflow string) {
	t.Helper()
	if err := shop.Deps.Temporal.TerminateWorkflow(t.Context(), workflow, "", "test"); err != nil {
		t.Fatal(err)
	}
}

// runOf is the latest run of a workflow; empty when Temporal knows none.
func runOf(t *testing.T, shop *workertest.Shop, workflow string) string {
	t.Helper()
	told, err := shop.Deps.Temporal.DescribeWorkflowExecution(t.Context(), workflow, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return told.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

func wantDeliveredOnce(t *testing.T, shop *workertest.Shop, placed uuid.UUID) {
	t.Helper()
	done := shop.AwaitStatus(placed, order.Delivered)
	charges := shop.Charges(placed)
	if len(done.Shipments) != 1 || charges.Counts.Authorizations != 1 || charges.Counts.Captures != 1 {
		t.Errorf("%d shipments, and the provider has done %+v", len(done.Shipments), charges)
	}
}

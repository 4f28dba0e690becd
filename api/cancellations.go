package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/workflows"
)

// cancellations serves the way back before anything was sent.
func (a *API) cancellations() {
	register(a, operation{
		id: "cancel-order", method: http.MethodPost, path: "/api/orders/{id}/cancel", status: http.StatusOK, later: true,
		summary: "Cancel an order of which nothing was sent off, or some of its shipments",
		about: "What was set aside of the payment is given back, what was captured is refunded, and the goods go back on the " +
			"shelf. An order that is still being checked out is cancelled as soon as the checkout has stopped: 202 until then. " +
			"Cancelling again changes nothing.",
		tag: "orders", permission: auth.CancelOrders, problems: []code{notFound, orderNotCancellable},
	}, a.cancelOrder)
}

// OrderByID is embedded in the input of an operation on one order.
type OrderByID = orderByID

type cancelOrderInput struct {
	OrderByID
	Body *struct {
		Shipments []uuid.UUID `json:"shipments,omitempty" maxItems:"100" doc:"Only these; without them, the whole order."`
	} `nameHint:"Cancellation" required:"false"`
}

// stopPatience is how long a request waits for a checkout to stop.
const stopPatience = 5 * time.Second

func (a *API) cancelOrder(ctx context.Context, in *cancelOrderInput) (*placedOutput, error) {
	asked := store.CancelRequest{OrderID: in.ID, CustomerID: ownOrders(ctx), Reason: order.CancelledByShop}
	if asked.CustomerID != nil {
		asked.Reason = order.CancelledByCustomer
	}
	if in.Body != nil {
		asked.Shipments = in.Body.Shipments
	}
	status, err := a.DB.RequestCancellation(ctx, asked)
	if err != nil {
		return nil, err
	}
	if status == order.Pending {
		a.stopCheckout(ctx, in.ID)
	} else {
		a.tellShipment(ctx, in.ID, uuid.Nil)
	}
	found, err := a.DB.FindOrder(ctx, in.ID, asked.CustomerID)
	if err != nil {
		return nil, err
	}
	out := &placedOutput{Status: http.StatusOK, Location: orderPath(in.ID), Body: a.orderBodyOf(ctx, found)}
	if status == order.Pending && found.Status != order.Cancelled {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// stopCheckout stops the checkout of an order and waits a little for its end. Where Temporal does not
// answer, the sweep does it later.
func (a *API) stopCheckout(ctx context.Context, id uuid.UUID) {
	waiting, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	err := workflows.StopCheckout(waiting, a.Temporal, id)
	for err == nil {
		found, failed := a.DB.FindOrder(waiting, id, nil)
		if failed != nil || found.Status != order.Pending {
			return
		}
		select {
		case <-waiting.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	a.Log.WarnContext(ctx, "cancellation has to wait", "order", id, "error", err)
}

// tellShipment has the fulfilment of an order go on with what was changed. Where Temporal does not
// answer, the sweep does it later: what was decided stands.
func (a *API) tellShipment(ctx context.Context, orderID, shipmentID uuid.UUID) {
	telling, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	queue := a.Workflow.TaskQueuePrefix + workflows.OrdersQueue
	if err := workflows.TellShipment(telling, a.Temporal, queue, orderID, shipmentID); err != nil {
		a.Log.WarnContext(ctx, "fulfilment could not be told", "order", orderID, "error", err)
	}
}

// startRefund has a refund paid. Where Temporal does not answer, the sweep does it later.
func (a *API) startRefund(ctx context.Context, refundID uuid.UUID) {
	starting, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	queue := a.Workflow.TaskQueuePrefix + workflows.OrdersQueue
	if _, err := workflows.StartRefund(starting, a.Temporal, queue, refundID); err != nil {
		a.Log.WarnContext(ctx, "refund has to wait", "refund", refundID, "error", err)
	}
}

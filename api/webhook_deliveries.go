package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
	"mercado/internal/webhook"
	"mercado/workflows"
)

// webhookDeliveries serves what endpoints were told, how that went, and telling them again.
func (a *API) webhookDeliveries() {
	add := func(op operation) operation {
		op.tag, op.permission = "webhooks", auth.ManageWebhooks
		return op
	}
	register(a, add(operation{
		id: "list-webhook-deliveries", method: http.MethodGet, path: "/api/webhooks/endpoints/{id}/deliveries",
		summary: "List what an endpoint was told, newest first", problems: []code{notFound, invalidCursor},
	}), a.listDeliveries)
	register(a, add(operation{
		id: "get-webhook-delivery", method: http.MethodGet, path: "/api/webhooks/deliveries/{id}",
		summary: "Show how an endpoint was told of an event, attempt by attempt", problems: []code{notFound},
	}), a.getDelivery)
	register(a, add(operation{
		id: "redeliver-webhook", method: http.MethodPost, path: "/api/webhooks/deliveries/{id}/redeliver",
		summary: "Tell an endpoint of an event again, or try at once", status: http.StatusAccepted,
		problems: []code{notFound, endpointDisabled},
	}), a.redeliver)
}

// DeliveryBody is what an endpoint was told of an event, or is to be told.
type DeliveryBody struct {
	ID             uuid.UUID  `json:"id"`
	EventID        string     `json:"event_id" doc:"The webhook-id it is sent with."`
	EventType      string     `json:"event_type"`
	OrderID        uuid.UUID  `json:"order_id"`
	Status         string     `json:"status" enum:"pending,delivered,failed,cancelled" doc:"failed: offered for a day and not taken. cancelled: the endpoint was switched off first."`
	Attempts       int32      `json:"attempts"`
	ResponseStatus *int32     `json:"response_status" doc:"Of the last answer; null when there was none."`
	Error          *string    `json:"error" doc:"Code of the last failure: timeout, connection_refused, forbidden_address, redirect, status_500, …"`
	CreatedAt      time.Time  `json:"created_at"`
	LastAttemptAt  *time.Time `json:"last_attempt_at"`
	DeliveredAt    *time.Time `json:"delivered_at"`
}

// deliveryAttempt is how one attempt to tell an endpoint went.
type deliveryAttempt struct {
	Attempt        int32     `json:"attempt"`
	BeganAt        time.Time `json:"began_at"`
	Milliseconds   int32     `json:"milliseconds" doc:"Until the answer, or until there was none."`
	ResponseStatus *int32    `json:"response_status" doc:"Of the answer; null when there was none."`
	Error          *string   `json:"error" doc:"Code of the failure, as of the delivery; null: it was taken."`
}

func deliveryAttemptOf(row shopdb.OrderingWebhookAttempt) deliveryAttempt {
	return deliveryAttempt{
		Attempt: row.Attempt, BeganAt: row.BeganAt.UTC(), Milliseconds: row.Milliseconds,
		ResponseStatus: row.ResponseStatus, Error: row.Error,
	}
}

type deliveriesInput struct {
	EndpointByID
	Page
	Status optional[string] `query:"status" enum:"pending,delivered,failed,cancelled"`
}

type deliveriesOutput struct {
	Body List[DeliveryBody]
}

func (a *API) listDeliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	if _, err := a.DB.FindEndpoint(ctx, in.ID, ownEndpoints(ctx)); err != nil {
		return nil, err
	}
	asked := shopdb.ListWebhookDeliveriesParams{EndpointID: in.ID, Status: in.Status.value(), Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListWebhookDeliveries(ctx, asked)
	if err != nil {
		return nil, err
	}
	return &deliveriesOutput{paged(in.Page, rows, deliveryBodyOf, func(row shopdb.OrderingWebhookDelivery) any { return row.EventID })}, nil
}

func deliveryBodyOf(row shopdb.OrderingWebhookDelivery) DeliveryBody {
	return DeliveryBody{
		ID: row.ID, EventID: webhook.EventID(row.EventID), EventType: row.EventType, OrderID: row.OrderID,
		Status: row.Status, Attempts: row.Attempts, ResponseStatus: row.ResponseStatus, Error: row.Error,
		CreatedAt: row.CreatedAt.UTC(), LastAttemptAt: row.LastAttemptAt, DeliveredAt: row.DeliveredAt,
	}
}

type deliveryByID struct {
	ID uuid.UUID `path:"id"`
}

type deliveryOutput struct {
	Body DeliveryBody
}

type shownDelivery struct {
	Body struct {
		DeliveryBody
		NextAttemptAt *time.Time        `json:"next_attempt_at" doc:"Null where none is due: it is over, an attempt is being made, or an earlier event of its order is offered first."`
		AttemptLog    []deliveryAttempt `json:"attempt_log" doc:"Newest first: the last 50, for 30 days unless the shop says otherwise."`
	} `nameHint:"WebhookDeliveryWithAttempts"`
}

func (a *API) getDelivery(ctx context.Context, in *deliveryByID) (*shownDelivery, error) {
	delivery, endpoint, err := a.DB.FindDelivery(ctx, in.ID, ownEndpoints(ctx))
	if err != nil {
		return nil, err
	}
	// What is written down meanwhile is of the next answer.
	attempts, err := a.DB.WebhookAttempts(ctx, shopdb.WebhookAttemptsParams{DeliveryID: in.ID, UpTo: delivery.Attempts})
	if err != nil {
		return nil, err
	}
	out := &shownDelivery{}
	out.Body.DeliveryBody = deliveryBodyOf(delivery)
	out.Body.AttemptLog = make([]deliveryAttempt, len(attempts))
	for i, row := range attempts {
		out.Body.AttemptLog[i] = deliveryAttemptOf(row)
	}
	next, err := a.DB.WebhookIsNext(ctx, in.ID)
	if err != nil || !next {
		return out, err
	}
	if out.Body.NextAttemptAt, err = workflows.NextAttempt(ctx, a.Temporal, workflows.WebhookID(endpoint.ID, delivery.OrderID)); err != nil {
		a.Log.WarnContext(ctx, "cannot tell when a webhook is sent next", "delivery", in.ID, "error", err)
	}
	return out, nil
}

func (a *API) redeliver(ctx context.Context, in *deliveryByID) (*deliveryOutput, error) {
	_, endpoint, err := a.DB.FindDelivery(ctx, in.ID, ownEndpoints(ctx))
	if err != nil {
		return nil, err
	}
	if !endpoint.IsActive {
		return nil, problem(endpointDisabled)
	}
	delivery, err := a.DB.RedeliverWebhook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	queue := a.Workflow.TaskQueuePrefix + workflows.OperationsQueue
	if err := workflows.TellEndpoint(ctx, a.Temporal, queue, endpoint.ID, delivery.OrderID); err != nil {
		return nil, err
	}
	// A workflow that waits for its next attempt makes it now.
	execution, err := workflows.Describe(ctx, a.Temporal, workflows.WebhookID(endpoint.ID, delivery.OrderID))
	if err != nil {
		return nil, err
	}
	if execution.Running() {
		if _, err := workflows.RetryNow(ctx, a.Temporal, a.Workflow.Namespace, execution); err != nil {
			return nil, err
		}
	}
	return &deliveryOutput{deliveryBodyOf(delivery)}, nil
}

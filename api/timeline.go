package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// timeline serves what happened to an order and what it waits for.
func (a *API) timeline() {
	register(a, operation{
		id: "get-order-timeline", method: http.MethodGet, path: "/api/orders/{id}/timeline",
		summary: "Show what happened to an order, oldest first, and what it is waiting for", tag: "orders",
		about: "A customer sees their own order as the shop would tell it; a vendor the parcels they send and what " +
			"is sent back to them; an operator everything, with the moves of stock, every question to the payment provider, and the order's workflows.",
		permission: auth.ReadTimeline, problems: []code{notFound, invalidCursor},
	}, a.getTimeline)
}

type timelineEntry struct {
	At    time.Time       `json:"at"`
	Kind  string          `json:"kind" enum:"event,stock,payment,shipment,refund"`
	Type  string          `json:"type" doc:"As shipment.shipped: what happened, for programs."`
	Title string          `json:"title" doc:"What happened, for people."`
	Data  json.RawMessage `json:"data" doc:"Ids and amounts; never personal data."`
}

type waitingFor struct {
	Since     time.Time  `json:"since"`
	What      string     `json:"what"`
	Kind      string     `json:"kind" enum:"order,transfer,payment,shipment,delivery,refund,webhook"`
	ID        string     `json:"id" doc:"Of the order, shipment, refund, payment or webhook endpoint."`
	Attempt   *int32     `json:"attempt" doc:"Of the step that is being tried; for operators."`
	LastError *string    `json:"last_error" doc:"Code of its last failure; for operators."`
	NextAt    *time.Time `json:"next_attempt_at" doc:"For operators."`
	Workflow  *string    `json:"workflow" doc:"Its history in the Temporal UI; for operators."`
}

// workflowBody is a workflow of an order, for operators.
type workflowBody struct {
	ID        string        `json:"id"`
	Link      string        `json:"link" doc:"Its history in the Temporal UI."`
	Status    string        `json:"status" doc:"As running, completed or terminated."`
	Details   string        `json:"details" doc:"What it says of itself; empty when nobody works on it."`
	StartedAt time.Time     `json:"started_at"`
	ClosedAt  *time.Time    `json:"closed_at"`
	Pending   []pendingBody `json:"pending"`
}

type pendingBody struct {
	Step      string     `json:"step"`
	Attempt   int32      `json:"attempt"`
	LastError *string    `json:"last_error" doc:"Code of the last failure."`
	Since     *time.Time `json:"since"`
	NextAt    *time.Time `json:"next_attempt_at" doc:"Null while an attempt runs."`
}

type timelineInput struct {
	ID uuid.UUID `path:"id"`
	Page
}

type timelineOutput struct {
	Body struct {
		OrderID        uuid.UUID      `json:"order_id"`
		Status         order.Status   `json:"status" enum:"pending,confirmed,shipped,delivered,cancelled,returned"`
		WaitingFor     *waitingFor    `json:"waiting_for,omitempty" doc:"Absent when nothing is."`
		Workflows      []workflowBody `json:"workflows" doc:"For operators; the latest of each that Temporal remembers."`
		WorkflowsKnown bool           `json:"workflows_known" doc:"False when Temporal did not answer, and for those who may not see workflows."`
		List[timelineEntry]
	} `nameHint:"Timeline"`
}

// timelineKey is where a page of a timeline ended.
type timelineKey struct {
	At   time.Time
	Kind string
	ID   string
}

func (a *API) getTimeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	principal := principalOf(ctx)
	found, err := a.DB.FindTimelineSubject(ctx, in.ID, principal.VendorID)
	if err != nil {
		return nil, err
	}
	asked := shopdb.TimelineParams{OrderID: in.ID, Page: in.fetch()}
	switch {
	case principal.Has(auth.Admin):
		asked.Audience = "admin"
	case principal.Has(auth.Customer) && found.CustomerID == principal.CustomerID:
		asked.Audience = "customer"
	case principal.Has(auth.Vendor) && found.Sells:
		asked.Audience, asked.VendorID = "vendor", &principal.VendorID
	default:
		return nil, problem(notFound)
	}
	var after *timelineKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		asked.AfterAt, asked.AfterKind, asked.AfterID = &after.At, &after.Kind, &after.ID
	}
	rows, err := a.DB.Timeline(ctx, asked)
	if err != nil {
		return nil, err
	}
	waiting, err := a.DB.WaitingOfOrder(ctx, shopdb.WaitingOfOrderParams{OrderID: in.ID, VendorID: asked.VendorID, Audience: asked.Audience})
	if err != nil {
		return nil, err
	}
	out := &timelineOutput{}
	out.Body.OrderID, out.Body.Status, out.Body.Workflows = in.ID, order.Status(found.Status), []workflowBody{}
	out.Body.List = paged(in.Page, rows, timelineEntryOf, func(row shopdb.TimelineRow) any {
		return timelineKey{row.At, row.Kind, row.ID}
	})
	if len(waiting) > 0 {
		first := waiting[0]
		out.Body.WaitingFor = &waitingFor{Since: first.Since.UTC(), What: first.WaitsFor, Kind: first.Kind, ID: first.ID}
	}
	if asked.Audience == "admin" && !found.Imported {
		known, err := a.workflowIDs(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Workflows, out.Body.WorkflowsKnown = a.workflowsOf(ctx, known)
		out.Body.WaitingFor = behind(out.Body.WaitingFor, out.Body.Workflows)
	}
	return out, nil
}

// temporalPatience is how long a page for operators waits for Temporal before it does without.
const temporalPatience = 3 * time.Second

// mostRefunds bounds how many refunds of an order Temporal is asked about.
const mostRefunds = 20

// workflowIDs are the workflows that an order may have, in the order they run: its checkout, its
// fulfilment, those that pay its refunds, and those that tell endpoints what they do not know yet.
func (a *API) workflowIDs(ctx context.Context, orderID uuid.UUID) ([]string, error) {
	ids := workflows.OfOrder(orderID)
	refunds, err := a.DB.RefundsOfOrder(ctx, shopdb.RefundsOfOrderParams{OrderID: orderID, Most: mostRefunds})
	if err != nil {
		return nil, err
	}
	for _, refund := range refunds {
		ids = append(ids, workflows.RefundID(refund.ID))
	}
	endpoints, err := a.DB.WebhooksOfOrder(ctx, orderID)
	if err != nil {
		return nil, err
	}
	for _, endpoint := range endpoints {
		ids = append(ids, workflows.WebhookID(endpoint, orderID))
	}
	return ids, nil
}

// workflowsOf asks Temporal about workflows. known is false when it did not answer.
func (a *API) workflowsOf(ctx context.Context, ids []string) (found []workflowBody, known bool) {
	ctx, cancel := context.WithTimeout(ctx, temporalPatience)
	defer cancel()
	found = []workflowBody{}
	for _, id := range ids {
		execution, err := workflows.Describe(ctx, a.Temporal, id)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				a.Log.WarnContext(ctx, "Temporal does not answer", "error", err)
			}
			return found, false
		}
		if execution != nil {
			found = append(found, a.workflowBodyOf(execution))
		}
	}
	return found, true
}

func (a *API) workflowBodyOf(execution *workflows.Execution) workflowBody {
	body := workflowBody{
		ID: execution.ID, Link: a.historyOf(execution.ID), Status: execution.Status, Details: execution.Details,
		StartedAt: execution.StartedAt, ClosedAt: execution.ClosedAt, Pending: []pendingBody{},
	}
	for _, step := range execution.Pending {
		pending := pendingBody{Step: step.Step, Attempt: step.Attempt, Since: step.Since, NextAt: step.NextAttemptAt}
		if step.LastError != "" {
			pending.LastError = &step.LastError
		}
		body.Pending = append(body.Pending, pending)
	}
	return body
}

// behind adds to what an order waits for the workflow that should bring it on, and the step that
// it tries. A step that fails is waited for even where the order itself looks finished.
func behind(waiting *waitingFor, of []workflowBody) *waitingFor {
	for i := len(of) - 1; i >= 0; i-- {
		running := &of[i]
		if running.ClosedAt != nil {
			continue
		}
		if waiting == nil {
			waiting = &waitingFor{Since: running.StartedAt, What: "its workflow to end", Kind: "order"}
			_, waiting.ID, _ = strings.Cut(running.ID, "/")
		}
		if running.Details != "" {
			waiting.What += ": " + running.Details
		}
		waiting.Workflow = &running.Link
		for j := range running.Pending {
			if step := &running.Pending[j]; waiting.Attempt == nil || step.Attempt > *waiting.Attempt {
				waiting.Attempt, waiting.LastError, waiting.NextAt = &step.Attempt, step.LastError, step.NextAt
			}
		}
		return waiting
	}
	return waiting
}

func timelineEntryOf(row shopdb.TimelineRow) timelineEntry {
	return timelineEntry{At: row.At.UTC(), Kind: row.Kind, Type: row.Type, Title: titleOf(row.Type), Data: row.Data}
}

// titles says for people what the type of an entry means. What is not here is told in its own words.
var titles = map[string]string{
	"order.placed":                "The order was placed.",
	"order.reserved":              "Its stock was reserved.",
	"order.confirmed":             "The order was confirmed.",
	"order.cancel_requested":      "The order shall be cancelled.",
	"order.cancelled":             "The order was cancelled.",
	"order.shipped":               "All parcels are on their way.",
	"order.delivered":             "All parcels have arrived.",
	"order.returned":              "The order was sent back.",
	"shipment.planned":            "A shipment was planned.",
	"shipment.packed":             "A shipment was packed.",
	"shipment.shipped":            "A parcel is on its way.",
	"shipment.delivered":          "A parcel has arrived.",
	"shipment.cancelled":          "A shipment was cancelled.",
	"shipment.released":           "A shipment was sent off.",
	"shipment.lost":               "A parcel was lost.",
	"shipment.returned_to_sender": "A parcel is on its way back to its vendor.",
	"refund.requested":            "A refund was asked for.",
	"refund.released":             "A part of the order was given up before it was paid for.",
	"refund.pending":              "A refund was begun.",
	"refund.completed":            "A refund was paid back.",
	"refund.failed":               "A refund was refused by the payment provider.",
	"return.requested":            "Goods are to be sent back.",
	"return.received":             "Goods came back.",
	"return.rejected":             "Goods are not taken back.",
	"payment.awaited":             "The customer was told where to send the money.",
	"payment.received":            "Money has arrived.",
	"payment.lost":                "The payment provider let go of the money that was set aside.",
	"payment.sent_back":           "Money that no order wants was sent back.",
	"payment.released":            "A part of the payment will not be taken.",
	"stock.reserve":               "Units were reserved.",
	"stock.release":               "Reserved units were released.",
	"stock.commit":                "Units left the shelf.",
	"stock.return":                "Units are back on the shelf.",
	"payment.authorize_asked":     "The payment provider was asked to authorise the payment.",
	"payment.authorize_approved":  "The payment was authorised.",
	"payment.authorize_declined":  "The payment was declined.",
	"payment.authorize_unknown":   "The payment provider did not say whether it authorised the payment.",
	"payment.authorize_failed":    "The payment provider could not be asked to authorise the payment.",
	"payment.capture_asked":       "The payment provider was asked to take the money.",
	"payment.capture_approved":    "The money was taken.",
	"payment.capture_declined":    "The payment provider refused to take the money.",
	"payment.capture_unknown":     "The payment provider did not say whether it took the money.",
	"payment.capture_failed":      "The payment provider could not be asked to take the money.",
	"payment.void_asked":          "The payment provider was asked to let the money go.",
	"payment.void_approved":       "The money that was set aside was let go.",
	"payment.void_unknown":        "The payment provider did not say whether it let the money go.",
	"payment.void_failed":         "The payment provider could not be asked to let the money go.",
	"payment.refund_asked":        "The payment provider was asked to pay money back.",
	"payment.refund_approved":     "Money was paid back.",
	"payment.refund_declined":     "The payment provider refused to pay money back.",
	"payment.refund_unknown":      "The payment provider did not say whether it paid money back.",
	"payment.refund_failed":       "The payment provider could not be asked to pay money back.",
	"payment.lookup_approved":     "The payment provider was looked up: it had done what it was asked.",
	"payment.lookup_declined":     "The payment provider was looked up: it had declined.",
}

// titleOf makes "Payment held." of payment.held where nothing better is known.
func titleOf(what string) string {
	if title, known := titles[what]; known {
		return title
	}
	words := strings.NewReplacer(".", " ", "_", " ").Replace(what)
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}

package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// stuck serves what waits beyond its limit, and takes it up again.
func (a *API) stuck() {
	register(a, operation{
		id: "list-stuck", method: http.MethodGet, path: "/api/admin/stuck",
		summary: "List what waits beyond its limit, the longest first", tag: "operations",
		about: "Orders in checkout, bank transfers, shipments, deliveries, refunds, payments, outgoing webhooks and imports of products " +
			"that wait longer than the settings `MERCADO_LIMIT_*` allow.",
		permission: auth.ResumeOrders, problems: []code{invalidCursor},
	}, a.listStuck)
	register(a, operation{
		id: "resume-order", method: http.MethodPost, path: "/api/admin/stuck/{id}/resume",
		summary: "Take an order, or an import of products, up again", tag: "operations",
		about: "Starts the workflows that an unfinished order, its refunds and its webhooks should have and have not, or lets the steps of one that " +
			"runs try again at once. It does what is left to do: asking twice does no harm.",
		permission: auth.ResumeOrders, problems: []code{notFound, nothingToResume},
	}, a.resumeOrder)
}

type stuckItem struct {
	Kind     string     `json:"kind" enum:"order,transfer,shipment,delivery,refund,payment,webhook,import"`
	ID       string     `json:"id" doc:"Of the order, shipment, refund, payment, webhook endpoint or import."`
	OrderID  *uuid.UUID `json:"order_id" nullable:"true" doc:"null for an import of products."`
	Status   string     `json:"status"`
	Since    time.Time  `json:"since"`
	WaitsFor string     `json:"waits_for"`
	Limit    string     `json:"limit" enum:"pending,transfer,confirmed,shipped,refund,payment,webhook,import" doc:"The setting MERCADO_LIMIT_… that it is beyond."`
	Links    stuckLinks `json:"links"`
}

type stuckLinks struct {
	Order    string `json:"order,omitempty" doc:"Absent for an import of products."`
	Timeline string `json:"timeline,omitempty" doc:"Absent for an import of products."`
	Import   string `json:"import,omitempty" doc:"Of an import of products."`
	Resume   string `json:"resume"`
	Workflow string `json:"workflow" doc:"The history of the workflow that should bring it on, in the Temporal UI."`
}

// stuckKey is where a page ended.
type stuckKey struct {
	Since time.Time
	Kind  string
	ID    string
}

type stuckInput struct {
	Page
}

type stuckOutput struct {
	Body List[stuckItem]
}

func (a *API) listStuck(ctx context.Context, in *stuckInput) (*stuckOutput, error) {
	asked := shopdb.ListStuckParams{Limits: a.Limits.Seconds(), Page: in.fetch()}
	var after *stuckKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		asked.AfterSince, asked.AfterKind, asked.AfterID = &after.Since, &after.Kind, &after.ID
	}
	rows, err := a.DB.ListStuck(ctx, asked)
	if err != nil {
		return nil, err
	}
	return &stuckOutput{paged(in.Page, rows, a.stuckItemOf, func(row shopdb.OrderingWaiting) any {
		return stuckKey{row.Since, row.Kind, row.ID}
	})}, nil
}

func (a *API) stuckItemOf(row shopdb.OrderingWaiting) stuckItem {
	item := stuckItem{
		Kind: row.Kind, ID: row.ID, OrderID: row.OrderID, Status: row.Status, Since: row.Since.UTC(),
		WaitsFor: row.WaitsFor, Limit: row.LimitedBy,
	}
	if row.OrderID == nil {
		item.Links = stuckLinks{
			Import: importsPath + "/" + row.ID, Resume: "/api/admin/stuck/" + row.ID + "/resume",
			Workflow: a.historyOf(workflows.ImportID(uuid.MustParse(row.ID))),
		}
		return item
	}
	orderID := *row.OrderID
	workflow := workflows.FulfilmentID(orderID)
	switch row.Kind {
	case "transfer", "payment":
		workflow = workflows.CheckoutID(orderID)
	case "refund":
		workflow = workflows.RefundID(uuid.MustParse(row.ID))
	case "webhook":
		workflow = workflows.WebhookID(uuid.MustParse(row.ID), orderID)
	case "order":
		if row.Status == string(order.Pending) {
			workflow = workflows.CheckoutID(orderID)
		}
	}
	self := orderPath(orderID)
	item.Links = stuckLinks{
		Order: self, Timeline: self + "/timeline", Workflow: a.historyOf(workflow),
		Resume: "/api/admin/stuck/" + orderID.String() + "/resume",
	}
	return item
}

type resumed struct {
	OrderID   *uuid.UUID        `json:"order_id" nullable:"true" doc:"null for an import of products."`
	Workflows []resumedWorkflow `json:"workflows"`
}

type resumedWorkflow struct {
	ID     string `json:"id"`
	Action string `json:"action" enum:"started,retried,running" doc:"started: there was none. retried: its steps try again at once. running: it runs, and waits for no step that failed."`
	Link   string `json:"link" doc:"Its history in the Temporal UI."`
}

type resumeOutput struct {
	Body resumed
}

func (a *API) resumeOrder(ctx context.Context, in *orderByID) (*resumeOutput, error) {
	found, err := a.DB.FindTimelineSubject(ctx, in.ID, 0)
	if errors.Is(err, store.ErrNotFound) {
		return a.resumeImport(ctx, in.ID)
	}
	if err != nil {
		return nil, err
	}
	if found.Imported {
		return nil, problem(nothingToResume)
	}
	out := &resumeOutput{resumed{OrderID: &in.ID, Workflows: []resumedWorkflow{}}}
	started, err := a.startMissing(ctx, in.ID, found)
	if err != nil {
		return nil, err
	}
	known, err := a.workflowIDs(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range known {
		if err := a.resume(ctx, out, id, started[id]); err != nil {
			return nil, err
		}
	}
	if len(out.Body.Workflows) == 0 && len(started) == 0 {
		return nil, problem(nothingToResume)
	}
	return out, nil
}

// resumeImport takes an import of products up again.
func (a *API) resumeImport(ctx context.Context, id uuid.UUID) (*resumeOutput, error) {
	found, err := a.DB.Import(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	if found.FinishedAt != nil {
		return nil, problem(nothingToResume)
	}
	started, err := workflows.StartImport(ctx, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OrdersQueue, id)
	if err != nil {
		return nil, err
	}
	out := &resumeOutput{resumed{Workflows: []resumedWorkflow{}}}
	return out, a.resume(ctx, out, workflows.ImportID(id), started)
}

// resume has the steps of a workflow that runs, and was not started just now, try again at once, and tells
// of it in out. One that does not run is left alone.
func (a *API) resume(ctx context.Context, out *resumeOutput, id string, started bool) error {
	execution, err := workflows.Describe(ctx, a.Temporal, id)
	if err != nil || !execution.Running() {
		return err
	}
	action := "started"
	if !started {
		retried, err := workflows.RetryNow(ctx, a.Temporal, a.Workflow.Namespace, execution)
		if err != nil {
			return err
		}
		if action = "running"; retried > 0 {
			action = "retried"
		}
	}
	out.Body.Workflows = append(out.Body.Workflows, resumedWorkflow{ID: id, Action: action, Link: a.historyOf(id)})
	return nil
}

// startMissing starts what an order should have running and has not: the workflow of the order itself
// unless it is over, those of its unpaid refunds, and those of webhooks nobody has taken. By workflow
// it tells whether it was started now; workflows that it found running are there as well.
func (a *API) startMissing(ctx context.Context, id uuid.UUID, found shopdb.TimelineSubjectRow) (started map[string]bool, err error) {
	started = map[string]bool{}
	surplus, err := a.DB.SurplusOfOrder(ctx, id)
	if err != nil {
		return nil, err
	}
	orders := a.Workflow.TaskQueuePrefix + workflows.OrdersQueue
	if workflow, start := missing(id, found, surplus); start != nil {
		if started[workflow], err = start(ctx, a.Temporal, orders, id); err != nil {
			return nil, err
		}
	}
	refunds, err := a.DB.RefundsOfOrder(ctx, shopdb.RefundsOfOrderParams{OrderID: id, Most: mostRefunds})
	if err != nil {
		return nil, err
	}
	for _, refund := range refunds {
		if refund.Status != "pending" {
			continue
		}
		if started[workflows.RefundID(refund.ID)], err = workflows.StartRefund(ctx, a.Temporal, orders, refund.ID); err != nil {
			return nil, err
		}
	}
	endpoints, err := a.DB.WebhooksOfOrder(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, endpoint := range endpoints {
		workflow := workflows.WebhookID(endpoint, id)
		running, err := workflows.Describe(ctx, a.Temporal, workflow)
		if err != nil {
			return nil, err
		}
		started[workflow] = !running.Running()
		if err := workflows.TellEndpoint(ctx, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OperationsQueue, endpoint, id); err != nil {
			return nil, err
		}
	}
	return started, nil
}

// missing is the workflow that an unfinished order should have, and what starts it; nil when the
// order is over. surplus: more money has arrived for it than it takes.
func missing(id uuid.UUID, found shopdb.TimelineSubjectRow, surplus bool) (string, func(context.Context, client.Client, string, uuid.UUID) (bool, error)) {
	unsettled := found.Payment == "pending" || found.Payment == "authorized"
	switch status := order.Status(found.Status); {
	case status == order.Pending, status == order.Cancelled && unsettled, surplus:
		return workflows.CheckoutID(id), workflows.ResumeCheckout
	case status == order.Confirmed, status == order.Shipped:
		return workflows.FulfilmentID(id), workflows.StartFulfilment
	}
	return "", nil
}

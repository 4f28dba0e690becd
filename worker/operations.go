package worker

import (
	sdk "go.temporal.io/sdk/worker"

	"mercado/activities"
	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/internal/webhook"
	"mercado/workflows"
)

// OperationsQueue is the queue of what nobody waits for while they buy.
const OperationsQueue = workflows.OperationsQueue

// Operations is the queue of the audit, of outgoing webhooks, and of the sweeps of holds and of old imports.
func Operations(c Config, db *store.DB) Queue {
	return Queue{
		Name: OperationsQueue,
		Register: func(r sdk.Registry) {
			r.RegisterWorkflow(workflows.Audit)
			r.RegisterWorkflow(workflows.Webhooks)
			r.RegisterWorkflow(workflows.SweepHolds)
			r.RegisterActivity(&activities.Stock{DB: db})
			r.RegisterWorkflow(workflows.ForgetImports)
			r.RegisterActivity(&activities.Imports{DB: db, Keep: c.Shop.KeepImports})
			r.RegisterActivity(&activities.Audit{DB: db, Limits: c.Limits, Providers: payment.Open(c.Shop)})
			r.RegisterActivity(&activities.Webhooks{
				DB: db, Sender: webhook.NewSender(webhook.RulesOf(c.Environment, c.Webhooks)), DisableAfter: c.Webhooks.DisableAfter,
			})
		},
	}
}

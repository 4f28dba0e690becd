package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// bareWorkflow is baseline A: the least that Temporal costs. One empty local activity, started
// eagerly by the process that works on it, and the wait for the result.
func (p *shop) bareWorkflow() (_ subject, stop func(), err error) {
	queue := p.queue + "bare"
	worker := sdk.New(p.workflow, queue, sdk.Options{})
	worker.RegisterWorkflow(bare)
	if err := worker.Start(); err != nil {
		return subject{}, nil, err
	}
	return subject{name: bareName, shop: p, do: func(ctx context.Context, _ int) error {
		started, err := p.workflow.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: "bare/" + uuid.NewString(), TaskQueue: queue, EnableEagerStart: true,
		}, bare)
		if err != nil {
			return err
		}
		return started.Get(ctx, nil)
	}}, worker.Stop, nil
}

func bare(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
	return workflow.ExecuteLocalActivity(ctx, func(context.Context) error { return nil }).Get(ctx, nil)
}

// transactions is baseline B: what a checkout writes, by the same functions of the database and
// in the same order, with neither Temporal nor HTTP nor a provider.
func (p *shop) transactions(carts *carts) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		customer, err := carts.take()
		if err != nil {
			return err
		}
		orderID, paymentID := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		earlier, err := p.db.PlaceOrder(ctx, store.Checkout{
			OrderID: orderID, PaymentID: paymentID, CustomerID: customer, Key: uuid.NewString(), RequestHash: make([]byte, 32),
			PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve", ShippingAddress: address,
		})
		if err != nil || earlier != nil {
			return errors.Join(err, failIf(earlier != nil, "the key was used before"))
		}
		reserved, err := p.db.ReserveOrder(ctx, orderID)
		if err != nil {
			return err
		}
		asked := reserved.Question
		sale, err := p.db.SellAuthorized(ctx, shopdb.SellAuthorizedParams{
			PaymentID: asked.PaymentID, Key: asked.Key, Amount: asked.Amount,
		})
		return errors.Join(err, failIf(sale.Answer == nil, "the order has no answer"))
	}
}

var address = order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"}

func failIf(failed bool, why string) error {
	if failed {
		return errors.New(why)
	}
	return nil
}

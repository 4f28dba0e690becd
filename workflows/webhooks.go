package workflows

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
)

var webhookSteps *activities.Webhooks

// webhookPatience is how long an event is offered to an endpoint that does not take it.
const webhookPatience = 26 * time.Hour

// webhooksARun bounds the history of one run of Webhooks.
const webhooksARun = 100

// moreSignal tells Webhooks that there is something to be sent.
const moreSignal = "more"

// WebhookID is the id of the workflow that tells an endpoint of an order.
func WebhookID(endpointID, orderID uuid.UUID) string {
	return "webhook/" + endpointID.String() + "/" + orderID.String()
}

// Webhooks tells an endpoint what has happened to an order, event after event: one that is not
// taken holds up those after it, for a day, so that a receiver never hears of a delivery before the
// shipment. Other orders and other endpoints do not wait for it.
func Webhooks(ctx workflow.Context, endpointID, orderID uuid.UUID) error {
	more := workflow.GetSignalChannel(ctx, moreSignal)
	offer := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                "tell the endpoint of the next event",
		StartToCloseTimeout:    40 * time.Second,
		ScheduleToCloseTimeout: webhookPatience,
		HeartbeatTimeout:       5 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 3, MaximumInterval: 4 * time.Hour,
		},
	})
	for range webhooksARun {
		for more.ReceiveAsync(nil) {
		}
		workflow.SetCurrentDetails(ctx, "telling the endpoint of the next event")
		var sent bool
		err := workflow.ExecuteActivity(offer, webhookSteps.DeliverWebhook, endpointID, orderID).Get(ctx, &sent)
		switch {
		case temporal.IsCanceledError(err):
			return err
		case err != nil:
			giveUp := call(ctx, "give the event up, so that the next is told", forEver)
			if err := workflow.ExecuteActivity(giveUp, webhookSteps.GiveUpWebhook, endpointID, orderID).Get(ctx, nil); err != nil {
				return err
			}
		case !sent && more.Len() == 0:
			workflow.SetCurrentDetails(ctx, "the endpoint knows everything")
			return nil
		}
	}
	return workflow.NewContinueAsNewError(ctx, Webhooks, endpointID, orderID)
}

// TellEndpoint has an endpoint told what it does not know of an order, by the workflow that does so
// already or by a new one.
func TellEndpoint(ctx context.Context, c client.Client, queue string, endpointID, orderID uuid.UUID) error {
	id := WebhookID(endpointID, orderID)
	_, err := c.SignalWithStartWorkflow(ctx, id, moreSignal, nil, client.StartWorkflowOptions{
		ID: id, TaskQueue: queue, StaticSummary: fmt.Sprintf("tell endpoint %s of order %s", endpointID, orderID),
	}, Webhooks, endpointID, orderID)
	if err != nil {
		return fmt.Errorf("tell endpoint %s of order %s: %w", endpointID, orderID, err)
	}
	return nil
}

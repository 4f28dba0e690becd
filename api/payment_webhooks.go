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
	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

func (a *API) paymentWebhooks() {
	register(a, operation{
		id: "receive-payment-webhook", method: http.MethodPost, path: "/api/webhooks/payments",
		summary: "Take a message of the payment provider",
		about: "Signed by the sandbox in `Payment-Signature`, by Stripe in `Stripe-Signature`, at most five minutes ago. " +
			"Messages may come twice, late and in any order: each is written down once, with what it tells. One about a " +
			"payment that is not the shop's, or of a kind that tells the shop nothing, is kept and changes nothing.",
		tag: "webhooks", permission: auth.Open, problems: []code{invalidSignature},
	}, a.receivePayment)
}

type paymentInput struct {
	Sandbox string `header:"Payment-Signature"`
	Stripe  string `header:"Stripe-Signature"`
	RawBody []byte // what is signed
	Body    struct {
		_ struct{} `additionalProperties:"true"`
	} `nameHint:"PaymentWebhook"`
}

// learned says what an event tells the ledger.
var learned = map[payment.EventKind]struct{ operation, outcome string }{
	payment.EventAuthorized: {"authorize", "approved"},
	payment.EventFailed:     {"authorize", "declined"},
	payment.EventCaptured:   {"capture", "approved"},
	payment.EventVoided:     {"void", "approved"},
	payment.EventRefunded:   {"refund", "approved"},
	payment.EventReceived:   {"receive", "approved"},

	payment.EventRefundFailed: {"refund", "declined"},
}

// sendBack is the ledger's name for a refund of money that is no order's.
var sendBack = "send_back"

// receivePayment writes down what the provider tells. A checkout that waits for that is told, and the
// fulfilment of a sold order that is not paid for any more; the provider repeats the message until they
// were.
func (a *API) receivePayment(ctx context.Context, in *paymentInput) (*struct{}, error) {
	header := http.Header{}
	header.Set(payment.SandboxSignature, in.Sandbox)
	header.Set("Stripe-Signature", in.Stripe)
	provider, event, err := a.payments.ParseWebhook(header, in.RawBody, time.Now())
	if err != nil {
		return nil, err
	}
	kept, err := json.Marshal(event) // and not what was sent: Stripe tells of people and cards
	if err != nil {
		return nil, err
	}
	message := shopdb.TakePaymentWebhookParams{
		Source: provider, EventID: event.ID, Payload: kept, Key: event.Key, Amount: event.Amount,
		DeclineCode: text(event.DeclineCode), Reference: text(event.PaymentID),
	}
	if id, err := uuid.Parse(event.Reference); err == nil {
		message.PaymentID = &id
	}
	if tells, known := learned[event.Kind]; known {
		message.Operation, message.Outcome = &tells.operation, tells.outcome
	}
	if strings.HasPrefix(event.Key, "send_back/") {
		message.Operation = &sendBack
	}
	taken, err := a.DB.TakePaymentWebhook(ctx, message)
	switch {
	case errors.Is(err, store.ErrOverdrawn):
		// Sending it again would not make it right: the audit finds what provider and ledger differ in.
		a.Log.ErrorContext(ctx, "a webhook tells of more money than the payment is about",
			"provider", provider, "event", event.ID, "payment", event.Reference, "amount", event.Amount)
		message.Operation = nil
		_, err = a.DB.TakePaymentWebhook(ctx, message)
		return nil, err
	case err != nil || !taken.Wanted && !taken.Lost:
		return nil, err
	}
	queue := a.Workflow.TaskQueuePrefix + workflows.OrdersQueue
	if taken.Lost {
		if err := a.DB.GiveUpLost(ctx, *taken.OrderID); err != nil {
			return nil, err
		}
		err = workflows.TellShipment(ctx, a.Temporal, queue, *taken.OrderID, uuid.Nil)
	} else {
		err = workflows.TellPayment(ctx, a.Temporal, queue, *taken.OrderID)
	}
	if err != nil {
		return nil, err
	}
	return nil, a.DB.WebhookHandled(ctx, shopdb.WebhookHandledParams{Source: "payments/" + provider, EventID: event.ID})
}

// text is nil for an empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

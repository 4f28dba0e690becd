package payment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"mercado/internal/money"
	"mercado/internal/signature"
)

// Stripe is the adapter to Stripe: a payment is a PaymentIntent that is captured by hand, found by
// the shop's reference in its metadata. docs/payments.md says what it does and does not do.
type Stripe struct {
	client *stripe.Client
	secret string
}

// NewStripe talks to Stripe's API at base with a secret key; a call without an answer after timeout
// has an unknown outcome. Webhooks are signed with secret.
func NewStripe(base, key, secret string, timeout time.Duration) *Stripe {
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(strings.TrimSuffix(base, "/")), HTTPClient: &http.Client{Timeout: timeout},
		// What is asked again is asked by the saga, which looks it up first. What Stripe writes may
		// say too much for a log.
		MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return &Stripe{client: stripe.NewClient(key, stripe.WithBackends(backends)), secret: secret}
}

// StripeName is what the tables call Stripe.
const StripeName = "stripe"

// Names in the metadata of what the shop makes at Stripe.
const (
	stripeReference = "reference"
	stripeOrder     = "order"
	stripeKey       = "key"
	stripeDone      = "done_"    // begins the name of each capture's key
	stripeCaptured  = "captured" // the last capture: minor units and its key
)

// Name implements Provider.
func (s *Stripe) Name() string { return StripeName }

// Authorize implements Provider. A card whose bank wants to see its owner first is declined as
// authentication_required, and bank transfers as method_not_supported.
func (s *Stripe) Authorize(ctx context.Context, ask Authorization) (Payment, error) {
	if ask.Method == "bank_transfer" {
		return Payment{}, &Declined{Code: "method_not_supported"}
	}
	params := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(int64(ask.Amount)), Currency: stripe.String(strings.ToLower(ask.Currency)),
		CaptureMethod: stripe.String("manual"), Confirm: stripe.Bool(true), PaymentMethod: stripe.String(ask.Token),
		AutomaticPaymentMethods: &stripe.PaymentIntentCreateAutomaticPaymentMethodsParams{
			Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never"),
		},
		PaymentMethodOptions: &stripe.PaymentIntentCreatePaymentMethodOptionsParams{
			Card: &stripe.PaymentIntentCreatePaymentMethodOptionsCardParams{RequestMulticapture: stripe.String("if_available")},
		},
	}
	params.SetIdempotencyKey(ask.IdempotencyKey)
	params.AddMetadata(stripeReference, ask.Reference)
	params.AddMetadata(stripeOrder, ask.OrderReference)
	intent, err := s.client.V1PaymentIntents.Create(ctx, params)
	if err != nil {
		return Payment{}, stripeFailure(err)
	}
	told := paymentOf(intent)
	if told.Status == Refused {
		return Payment{}, &Declined{Code: told.DeclineCode, PaymentID: told.ID}
	}
	return told, nil
}

// Capture implements Provider. A part leaves the rest set aside for other shipments, where the
// card allows several captures (multicapture); the whole needs no such leave.
func (s *Stripe) Capture(ctx context.Context, ask Change) (Payment, error) {
	intent, err := s.find(ctx, ask)
	if err != nil {
		return Payment{}, err
	}
	params := &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(int64(ask.Amount))}
	if int64(ask.Amount) < intent.AmountCapturable {
		params.FinalCapture = stripe.Bool(false)
	}
	params.SetIdempotencyKey(ask.IdempotencyKey)
	params.AddMetadata(doneName(ask.IdempotencyKey), ask.IdempotencyKey)
	params.AddMetadata(stripeCaptured, strconv.FormatInt(int64(ask.Amount), 10)+" "+ask.IdempotencyKey)
	captured, err := s.client.V1PaymentIntents.Capture(ctx, intent.ID, params)
	if err != nil {
		return Payment{}, stripeFailure(err)
	}
	return paymentOf(captured), nil
}

// Void implements Provider. Stripe cannot bar a reference that it has never seen: ErrNotFound.
func (s *Stripe) Void(ctx context.Context, ask Change) (Payment, error) {
	intent, err := s.find(ctx, ask)
	if err != nil {
		return Payment{}, err
	}
	if intent.Status == stripe.PaymentIntentStatusCanceled || (intent.Status == stripe.PaymentIntentStatusSucceeded && intent.AmountCapturable == 0) {
		return paymentOf(intent), nil // nothing is set aside
	}
	params := &stripe.PaymentIntentCancelParams{}
	params.SetIdempotencyKey(ask.IdempotencyKey)
	voided, err := s.client.V1PaymentIntents.Cancel(ctx, intent.ID, params)
	if err != nil {
		return Payment{}, stripeFailure(err)
	}
	return paymentOf(voided), nil
}

// Refund implements Provider.
func (s *Stripe) Refund(ctx context.Context, ask Change) (Payment, error) {
	intent, err := s.find(ctx, ask)
	if err != nil {
		return Payment{}, err
	}
	params := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(intent.ID), Amount: stripe.Int64(int64(ask.Amount)),
	}
	params.SetIdempotencyKey(ask.IdempotencyKey)
	params.AddMetadata(stripeKey, ask.IdempotencyKey)
	params.AddMetadata(stripeReference, ask.Reference)
	made, err := s.client.V1Refunds.Create(ctx, params)
	if err != nil {
		return Payment{}, stripeFailure(err)
	}
	if made.Status == stripe.RefundStatusFailed || made.Status == stripe.RefundStatusCanceled {
		return Payment{}, &Declined{Code: cmp.Or(string(made.FailureReason), refundFailed)}
	}
	told := paymentOf(intent)
	told.Refunded += ask.Amount
	told.Done = append(told.Done, ask.IdempotencyKey)
	return told, nil
}

// refundFailed is the code of a refund that Stripe does not say why it has not made.
const refundFailed = "refund_failed"

// Get implements Provider. Stripe's search may be a minute behind; who asks again because of that
// does so with the same idempotency key, and gets the first answer.
func (s *Stripe) Get(ctx context.Context, reference string) (Payment, error) {
	intent, err := s.find(ctx, Change{Reference: reference})
	if err != nil {
		return Payment{}, err
	}
	told := paymentOf(intent)
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(intent.ID)}
	for made, err := range s.client.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return Payment{}, stripeFailure(err)
		}
		if made.Status != stripe.RefundStatusFailed && made.Status != stripe.RefundStatusCanceled {
			told.Refunded += money.Amount(made.Amount)
			told.Done = append(told.Done, made.Metadata[stripeKey])
		}
	}
	return told, nil
}

// find reads a payment by Stripe's id, where the ledger has it, or by the shop's.
func (s *Stripe) find(ctx context.Context, ask Change) (*stripe.PaymentIntent, error) {
	if ask.PaymentID != "" {
		intent, err := s.client.V1PaymentIntents.Retrieve(ctx, ask.PaymentID, nil)
		if err != nil {
			return nil, stripeFailure(err)
		}
		return intent, nil
	}
	params := &stripe.PaymentIntentSearchParams{}
	params.Query = fmt.Sprintf("metadata[%q]:%q", stripeReference, ask.Reference)
	for intent, err := range s.client.V1PaymentIntents.Search(ctx, params).All(ctx) {
		if err != nil {
			return nil, stripeFailure(err)
		}
		return intent, nil
	}
	return nil, ErrNotFound
}

func paymentOf(intent *stripe.PaymentIntent) Payment {
	told := Payment{
		ID: intent.ID, Status: Authorized,
		Amount: money.Amount(intent.Amount), Captured: money.Amount(intent.AmountReceived),
	}
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresCapture, stripe.PaymentIntentStatusProcessing:
	case stripe.PaymentIntentStatusSucceeded:
		told.Status = Captured
	case stripe.PaymentIntentStatusCanceled:
		told.Status = Voided
		told.Done = append(told.Done, "void/"+intent.Metadata[stripeReference])
	case stripe.PaymentIntentStatusRequiresAction:
		told.Status, told.DeclineCode = Refused, "authentication_required"
	default:
		told.Status, told.DeclineCode = Refused, NoReason
	}
	if failed := intent.LastPaymentError; failed != nil && told.Status == Refused {
		told.DeclineCode = declineCodeOf(failed)
	}
	for name, key := range intent.Metadata {
		if strings.HasPrefix(name, stripeDone) {
			told.Done = append(told.Done, key)
		}
	}
	return told
}

// lastCapture is the capture that the metadata of a payment tell of, if any was made by the shop.
func lastCapture(intent *stripe.PaymentIntent) (key string, amount money.Amount, found bool) {
	units, key, found := strings.Cut(intent.Metadata[stripeCaptured], " ")
	n, err := strconv.ParseInt(units, 10, 64)
	return key, money.Amount(n), found && err == nil
}

// doneName fits the 40 characters that Stripe allows.
func doneName(key string) string {
	digest := sha256.Sum256([]byte(key))
	return stripeDone + hex.EncodeToString(digest[:16])
}

func declineCodeOf(failed *stripe.Error) string {
	if failed.DeclineCode != "" {
		return string(failed.DeclineCode)
	}
	if failed.Code != "" {
		return string(failed.Code)
	}
	return NoReason
}

// stripeRefusals are the errors of captures, voids and refunds that are final: a request that is made
// again is answered the same.
var stripeRefusals = []stripe.ErrorCode{
	stripe.ErrorCodeAmountTooLarge, stripe.ErrorCodeAmountTooSmall, stripe.ErrorCodeParameterInvalidInteger,
	stripe.ErrorCodeChargeAlreadyCaptured, stripe.ErrorCodeChargeAlreadyRefunded, stripe.ErrorCodeChargeDisputed,
	stripe.ErrorCodeChargeExpiredForCapture, stripe.ErrorCodePaymentIntentUnexpectedState,
	stripe.ErrorCodeChargeNotRefundable,
}

// stripeFailure says what an error of Stripe's means. Its message is left out: it may name a token,
// and errors are kept in histories.
func stripeFailure(err error) error {
	var failed *stripe.Error
	switch {
	case !errors.As(err, &failed):
		return fmt.Errorf("%w: no answer from Stripe", ErrUnknown)
	case failed.Type == stripe.ErrorTypeCard:
		declined := &Declined{Code: declineCodeOf(failed)}
		if failed.PaymentIntent != nil {
			declined.PaymentID = failed.PaymentIntent.ID
		}
		return declined
	case failed.Code == stripe.ErrorCodeResourceMissing && failed.Param == "payment_method":
		return &Declined{Code: "invalid_token"}
	case failed.HTTPStatusCode == http.StatusNotFound:
		return ErrNotFound
	case slices.Contains(stripeRefusals, failed.Code):
		return &Declined{Code: string(failed.Code)}
	case failed.HTTPStatusCode >= http.StatusInternalServerError, failed.HTTPStatusCode == http.StatusConflict:
		return fmt.Errorf("%w: Stripe answered %d", ErrUnknown, failed.HTTPStatusCode)
	default:
		return fmt.Errorf("Stripe answered %d %s %s", failed.HTTPStatusCode, failed.Type, failed.Code) //nolint:staticcheck // a name
	}
}

// ParseWebhook implements Provider. Stripe's event of a capture does not say which one it is about:
// the metadata that came with the capture does.
func (s *Stripe) ParseWebhook(header http.Header, body []byte, _ time.Time) (Event, error) {
	message, err := webhook.ConstructEventWithOptions(body, header.Get("Stripe-Signature"), s.secret, webhook.ConstructEventOptions{
		Tolerance: signature.Tolerance, IgnoreAPIVersionMismatch: true,
	})
	if err != nil {
		if webhook.ValidatePayloadWithTolerance(body, header.Get("Stripe-Signature"), s.secret, signature.Tolerance) == nil {
			return Event{}, ErrWebhook
		}
		return Event{}, ErrSignature
	}
	event := Event{ID: message.ID}
	if message.Data == nil {
		return Event{}, ErrWebhook
	}
	switch message.Type {
	case "payment_intent.amount_capturable_updated", "payment_intent.payment_failed", "payment_intent.canceled",
		"payment_intent.succeeded":
		var intent stripe.PaymentIntent
		if err := json.Unmarshal(message.Data.Raw, &intent); err != nil {
			return Event{}, ErrWebhook
		}
		event.PaymentID, event.Reference, event.Amount = intent.ID, intent.Metadata[stripeReference], money.Amount(intent.Amount)
		event.Kind, event.Key = EventAuthorized, "authorize/"+event.Reference
		switch message.Type {
		case "payment_intent.payment_failed":
			event.Kind, event.DeclineCode = EventFailed, paymentOf(&intent).DeclineCode
		case "payment_intent.canceled":
			event.Kind, event.Key = EventVoided, "void/"+event.Reference
		default: // of either type: a part that was captured, or the whole
			if key, amount, captured := lastCapture(&intent); captured {
				event.Kind, event.Key, event.Amount = EventCaptured, key, amount
			} else if message.Type == "payment_intent.succeeded" {
				event.Kind, event.Key = EventCaptured, "" // somebody else has captured it: the audit tells
			}
		}
	case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
		var made stripe.Refund
		if err := json.Unmarshal(message.Data.Raw, &made); err != nil {
			return Event{}, ErrWebhook
		}
		event.Amount = money.Amount(made.Amount)
		event.Reference, event.Key = made.Metadata[stripeReference], made.Metadata[stripeKey]
		switch made.Status {
		case stripe.RefundStatusSucceeded:
			event.Kind = EventRefunded
		case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
			event.Kind, event.DeclineCode = EventRefundFailed, cmp.Or(string(made.FailureReason), refundFailed)
		}
	}
	if !event.keepable() {
		return Event{}, ErrWebhook
	}
	return event, nil
}

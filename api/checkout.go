package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/workflows"
)

const (
	// checkoutPatience is how long a request waits for its checkout before it is told to look later.
	checkoutPatience = 25 * time.Second
	// startPatience is how long it waits for Temporal to take the checkout. A worker starts what
	// could not be started here.
	startPatience = 5 * time.Second
)

// checkout serves the one way to buy a cart.
func (a *API) checkout() {
	register(a, operation{
		id: "checkout", method: http.MethodPost, path: "/api/checkout", status: http.StatusCreated, later: true,
		summary: "Buy what is in your cart",
		about: "Answers when the order is confirmed, or says why it is not: then it stays on record as cancelled, and the cart " +
			"keeps its stock for at least five minutes. With `Prefer: respond-async`, or when it takes long, the answer is 202 and " +
			"`Location` tells where to look. The same `Idempotency-Key` with the same body gives the first answer again.",
		tag: "orders", permission: auth.PlaceOrders,
		problems: []code{
			idempotencyKeyMissing, idempotencyInFlight, idempotencyMismatch, paymentDeclined, paymentUnavailable,
			outOfStock, priceChanged, cartEmpty, checkoutInProgress, productUnavailable, customerInactive,
			unknownDiscountCode, checkoutStopped,
		},
	}, a.placeOrder)
}

// shippingAddress is an order.Address that has been checked.
type shippingAddress struct {
	Line1      string  `json:"line1" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
	City       string  `json:"city" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
	Country    country `json:"country"`
	PostalCode string  `json:"postal_code" maxLength:"20" pattern:"\\S" patternDescription:"not blank"`
}

type checkoutBody struct {
	PaymentMethod struct {
		Type  string `json:"type" enum:"card,wallet"`
		Token string `json:"token" minLength:"1" maxLength:"255" doc:"The payment provider's one-time token."`
	} `json:"payment_method"`
	ShippingAddress    shippingAddress `json:"shipping_address"`
	DiscountCode       string          `json:"discount_code,omitempty" maxLength:"64"`
	AcceptPriceChanges bool            `json:"accept_price_changes,omitempty" doc:"Buy at today's prices where they have changed."`
}

type checkoutInput struct {
	IdempotencyKey
	Prefer string       `header:"Prefer" doc:"respond-async: do not wait for the outcome."`
	Body   checkoutBody `nameHint:"Checkout"`
}

// async reports whether the client would rather not wait (RFC 7240).
func (in *checkoutInput) async() bool {
	return slices.ContainsFunc(strings.Split(in.Prefer, ","), func(preference string) bool {
		return strings.EqualFold(strings.TrimSpace(preference), "respond-async")
	})
}

type checkoutOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     orderBody
}

// placeOrder writes the order down and has the saga see to it. From the first write on, the order
// ends well or is cancelled, whatever becomes of this request and this process.
func (a *API) placeOrder(ctx context.Context, in *checkoutInput) (*checkoutOutput, error) {
	if in.Body.DiscountCode != "" {
		return nil, problem(unknownDiscountCode)
	}
	placing, err := newCheckout(principalOf(ctx).CustomerID, in)
	if err != nil {
		return nil, err
	}
	earlier, err := a.DB.PlaceOrder(ctx, placing)
	var change *store.PriceChange
	switch {
	case errors.As(err, &change):
		return nil, priceChangeOf(change)
	case err != nil:
		return nil, err
	case earlier != nil:
		return a.answerAgain(earlier)
	}
	waiting, cancel := context.WithTimeout(ctx, checkoutPatience)
	defer cancel()
	starting, stop := context.WithTimeout(waiting, startPatience)
	run, err := workflows.StartCheckout(starting, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OrdersQueue, placing.OrderID)
	stop()
	if err != nil {
		a.Log.WarnContext(ctx, "checkout has to wait", "order", placing.OrderID, "error", err)
	}
	if err != nil || in.async() || run.Get(waiting, nil) != nil {
		return a.answerLater(ctx, placing.OrderID)
	}
	status, response, err := a.DB.CheckoutAnswer(ctx, placing.OrderID)
	switch {
	case err != nil:
		return nil, err
	case status == 0: // the workflow was ended by force: its order is still pending
		return a.answerLater(ctx, placing.OrderID)
	default:
		return a.answerFirst(status, response)
	}
}

func newCheckout(customerID int64, in *checkoutInput) (store.Checkout, error) {
	body, err := json.Marshal(in.Body)
	if err != nil {
		return store.Checkout{}, err
	}
	hash := sha256.Sum256(body)
	orderID, err := uuid.NewV7()
	if err != nil {
		return store.Checkout{}, err
	}
	paymentID, err := uuid.NewV7()
	if err != nil {
		return store.Checkout{}, err
	}
	to := in.Body.ShippingAddress
	return store.Checkout{
		OrderID: orderID, PaymentID: paymentID, CustomerID: customerID,
		Key: in.IdempotencyKey.IdempotencyKey, RequestHash: hash[:],
		PaymentMethod: in.Body.PaymentMethod.Type, PaymentProvider: payment.SandboxName, PaymentToken: in.Body.PaymentMethod.Token,
		ShippingAddress: order.Address{
			Line1: to.Line1, City: to.City, Country: string(to.Country), PostalCode: to.PostalCode,
		},
		AcceptPriceChanges: in.Body.AcceptPriceChanges,
	}, nil
}

// answerAgain answers a request whose idempotency key was used before.
func (a *API) answerAgain(earlier *store.Earlier) (*checkoutOutput, error) {
	switch {
	case !earlier.SameRequest:
		return nil, problem(idempotencyMismatch)
	case earlier.Status == 0:
		inFlight := problem(idempotencyInFlight)
		inFlight.headers.Set("Retry-After", "1")
		return nil, inFlight
	default:
		return a.answerFirst(earlier.Status, earlier.Response)
	}
}

// answerFirst gives the answer that was written down when the checkout ended.
func (a *API) answerFirst(status int, response json.RawMessage) (*checkoutOutput, error) {
	if status == http.StatusCreated {
		var placed order.Document
		if err := json.Unmarshal(response, &placed); err != nil {
			return nil, fmt.Errorf("read kept answer: %w", err)
		}
		return &checkoutOutput{Status: status, Location: orderPath(placed.ID), Body: a.orderBodyOf(placed)}, nil
	}
	var refused struct {
		Code        code            `json:"code"`
		DeclineCode string          `json:"decline_code"`
		Shortage    *store.Shortage `json:"shortage"`
	}
	if err := json.Unmarshal(response, &refused); err != nil {
		return nil, fmt.Errorf("read kept answer: %w", err)
	}
	switch {
	case refused.Shortage != nil:
		return nil, shortageOf(refused.Shortage)
	case refused.DeclineCode != "":
		return nil, problem(refused.Code, FieldProblem{"body.payment_method", refused.DeclineCode})
	default:
		return nil, problem(refused.Code)
	}
}

// answerLater tells where the outcome will be seen.
func (a *API) answerLater(ctx context.Context, id uuid.UUID) (*checkoutOutput, error) {
	placed, err := a.DB.FindOrder(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	return &checkoutOutput{Status: http.StatusAccepted, Location: orderPath(id), Body: a.orderBodyOf(placed)}, nil
}

func priceChangeOf(change *store.PriceChange) *Problem {
	fields := make([]FieldProblem, len(change.Lines))
	for i, line := range change.Lines {
		fields[i] = FieldProblem{
			fmt.Sprintf("items[%d]", line.ItemID), fmt.Sprintf("was %s, is %s", line.UnitPrice, line.CurrentPrice),
		}
	}
	return problem(priceChanged, fields...)
}

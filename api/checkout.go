package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
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
)

const (
	// checkoutPatience is how long a request waits for its checkout before it is told to look later.
	checkoutPatience = 25 * time.Second
	// startPatience is how long it waits for Temporal to take the checkout before Temporal is asked
	// whether it is there. A worker starts what could not be started here.
	startPatience = 5 * time.Second
)

// placingProblems are what every way of placing an order may answer with.
var placingProblems = []code{
	idempotencyKeyMissing, idempotencyInFlight, idempotencyMismatch, paymentDeclined, paymentUnavailable, outOfStock,
	productUnavailable, checkoutStopped, cancelledByCustomer, cancelledByShop, notShippable, unknownDiscountCode, discountNotStarted, discountExpired,
	discountExhausted, discountAlreadyUsed, discountMinimumNotMet,
}

// aboutPlacing is true of every way of placing an order.
const aboutPlacing = "Answers when the order is confirmed, or says why it is not: then it stays on record as cancelled. " +
	"With `Prefer: respond-async`, or when it takes long, the answer is 202 and `Location` tells where to look; so it is for " +
	"a bank transfer, which is waited for. The same `Idempotency-Key` with the same body gives the first answer again, " +
	"409 while that is being worked on. Whitespace and the order of fields do not count, and null is as good as absent. " +
	"What is refused before there is an order (any other 4xx) leaves the key free."

// aboutTokens lists sandbox.Tokens.
const aboutTokens = "\n\nWhere the shop's payment provider is the sandbox, the token of a card or wallet chooses what happens:\n\n" +
	"- `approve`: approved at once\n" +
	"- `decline`: declined: `generic_decline`\n" +
	"- `insufficient_funds`: declined: `insufficient_funds`\n" +
	"- `slow`: approved, but the answer comes after `MERCADO_SANDBOX_SLOW`\n" +
	"- `timeout_then_approved`: approved, but the answer never comes: it is looked up, or learned from the webhook\n" +
	"- `webhook_twice`: approved; each webhook is sent twice\n" +
	"- `webhook_late`: approved; webhooks come after `MERCADO_SANDBOX_LATE`, the authorisation's after its captures'\n" +
	"- `capture_refused`: approved, but every capture is declined: `capture_refused`\n" +
	"- `refund_refused`: approved, but the first refund is declined: `refund_refused`\n" +
	"- `refund_timeout`: approved, but no answer to a refund ever comes: it is looked up\n" +
	"- any other: declined: `invalid_token`"

// checkout serves the ways in which a customer buys.
func (a *API) checkout() {
	register(a, operation{
		id: "checkout", method: http.MethodPost, path: "/api/checkout", status: http.StatusCreated, later: true,
		summary: "Buy what is in your cart",
		about:   aboutPlacing + " The cart of an order that was cancelled keeps its stock for at least five minutes." + aboutTokens,
		tag:     "orders", permission: auth.PlaceOrders,
		problems: append(slices.Clone(placingProblems), priceChanged, cartEmpty, checkoutInProgress, customerInactive),
	}, a.checkOut)
	register(a, operation{
		id: "place-order", method: http.MethodPost, path: "/api/orders", status: http.StatusCreated, later: true,
		summary: "Buy products without a cart",
		about:   "All of the items or none, at the catalogue's prices; your cart stays as it is. " + aboutPlacing + aboutTokens,
		tag:     "orders", permission: auth.PlaceOrders,
		problems: append(slices.Clone(placingProblems), duplicateItem, customerInactive),
	}, a.orderItems)
}

// shippingAddress is an order.Address that has been checked.
type shippingAddress struct {
	Line1      string  `json:"line1" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
	City       string  `json:"city" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
	Region     string  `json:"region,omitempty" pattern:"^[A-Z0-9]{1,3}$" patternDescription:"what follows the country in ISO 3166-2" doc:"As 20 of PT-20; matters where the country has several tax rates."`
	Country    country `json:"country"`
	PostalCode string  `json:"postal_code" maxLength:"20" pattern:"\\S" patternDescription:"not blank"`
}

// address is the zero value when nothing was sent.
func (to *shippingAddress) address() order.Address {
	if to == nil {
		return order.Address{}
	}
	return order.Address{
		Line1: to.Line1, City: to.City, Region: to.Region, Country: string(to.Country), PostalCode: to.PostalCode,
	}
}

// paymentMethod is how a customer pays.
type paymentMethod struct {
	Type  string `json:"type" enum:"card,wallet,cash_on_delivery,bank_transfer"`
	Token string `json:"token,omitempty" minLength:"1" maxLength:"255" doc:"The payment provider's one-time token; needed for card and wallet."`
}

// Purchase is what every customer says who buys.
type Purchase struct {
	PaymentMethod      paymentMethod   `json:"payment_method"`
	ShippingAddress    shippingAddress `json:"shipping_address"`
	DiscountCode       string          `json:"discount_code,omitempty" maxLength:"64"`
	AcceptPriceChanges bool            `json:"accept_price_changes,omitempty" doc:"Buy at today's prices where they have changed since the item was put in the cart."`
	Notes              string          `json:"notes,omitempty" maxLength:"1000" doc:"For whoever packs the order."`
}

// orderedItem is a product and how many of it.
type orderedItem struct {
	ItemID int64 `json:"item_id" minimum:"1" doc:"A product's id."`
	Qty    int64 `json:"qty" minimum:"1" maximum:"10000"`
}

// Placing is embedded in the input of an operation that places an order.
type Placing struct {
	IdempotencyKey
	Prefer string `header:"Prefer" doc:"respond-async: do not wait for the outcome."`
}

// async reports whether the client would rather not wait (RFC 7240).
func (p *Placing) async() bool {
	return slices.ContainsFunc(strings.Split(p.Prefer, ","), func(preference string) bool {
		return strings.EqualFold(strings.TrimSpace(preference), "respond-async")
	})
}

type checkoutInput struct {
	Placing
	Body Purchase `nameHint:"Checkout"`
}

type orderItemsInput struct {
	Placing
	Body struct {
		Items []orderedItem `json:"items" minItems:"1" maxItems:"100" nullable:"false" doc:"Each product once."`
		Purchase
	} `nameHint:"NewOrder"`
}

type placedOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     orderBody
}

func (a *API) checkOut(ctx context.Context, in *checkoutInput) (*placedOutput, error) {
	placing := in.Body.checkout(ctx)
	placing.Operation, placing.Channel = "checkout", "web"
	return a.place(ctx, placing, in.Placing, in.Body)
}

func (a *API) orderItems(ctx context.Context, in *orderItemsInput) (*placedOutput, error) {
	items, err := itemsOf(in.Body.Items)
	if err != nil {
		return nil, err
	}
	placing := in.Body.checkout(ctx)
	placing.Operation, placing.Channel, placing.Items = "order", "api", items
	return a.place(ctx, placing, in.Placing, in.Body)
}

// checkout is what a purchase asks of the store, for whoever is signed in.
func (b *Purchase) checkout(ctx context.Context) store.Checkout {
	customer := principalOf(ctx).CustomerID
	return store.Checkout{
		CustomerID: customer, Scope: store.CustomerScope(customer),
		PaymentMethod: b.PaymentMethod.Type, PaymentToken: b.PaymentMethod.Token,
		ShippingAddress: b.ShippingAddress.address(), DiscountCode: strings.TrimSpace(b.DiscountCode),
		Notes: strings.TrimSpace(b.Notes), AcceptPriceChanges: b.AcceptPriceChanges,
	}
}

// itemsOf refuses a product that is listed twice: it might be a mistake, and which quantity counts
// is not for us to guess.
func itemsOf(sent []orderedItem) ([]store.Item, error) {
	items := make([]store.Item, len(sent))
	first := map[int64]int{}
	for i, item := range sent {
		if j, twice := first[item.ItemID]; twice {
			return nil, problem(duplicateItem, FieldProblem{
				fmt.Sprintf("body.items[%d].item_id", i), fmt.Sprintf("same as items[%d]", j),
			})
		}
		first[item.ItemID] = i
		items[i] = store.Item(item)
	}
	return items, nil
}

// place writes the order down and has the saga see to it. From the first write on, the order ends
// well or is cancelled, whatever becomes of this request and this process. body is what was sent,
// decoded: what the idempotency key stands for.
func (a *API) place(ctx context.Context, placing store.Checkout, in Placing, body any) (*placedOutput, error) {
	if err := a.complete(&placing, in, body); err != nil {
		return nil, err
	}
	earlier, err := a.DB.PlaceOrder(ctx, placing)
	switch {
	case err != nil:
		return nil, refusalOf(err)
	case earlier != nil:
		return a.answerAgain(ctx, earlier)
	}
	waiting, cancel := context.WithTimeout(ctx, checkoutPatience)
	defer cancel()
	wait := a.Board.Await(placing.OrderID)
	defer wait.Forget()
	if !a.seenThrough(waiting, placing.OrderID, wait.Ended(), in.async()) {
		return a.answerLater(ctx, placing.OrderID)
	}
	answer := wait.Answer()
	if answer.Status == 0 {
		answer.Status, answer.Body, err = a.DB.CheckoutAnswer(ctx, placing.OrderID)
	}
	switch {
	case err != nil:
		return nil, err
	case answer.Status == 0: // the workflow was ended by force: its order is still pending
		return a.answerLater(ctx, placing.OrderID)
	default:
		return a.answerFirst(ctx, answer.Status, answer.Body)
	}
}

// tokenMethods are paid by way of a token.
var tokenMethods = []string{"card", "wallet"}

// complete gives the order its ids, its key and who moves its money. The hash is of the body as it
// was decoded, so that its form does not count.
func (a *API) complete(placing *store.Checkout, in Placing, body any) error {
	needsToken := slices.Contains(tokenMethods, placing.PaymentMethod)
	switch {
	case needsToken && placing.PaymentToken == "":
		return invalid("body.payment_method.token", "expected for "+placing.PaymentMethod)
	case !needsToken:
		placing.PaymentToken = "" // whatever it is, nobody needs to know it
	}
	canonical, err := json.Marshal(body)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(canonical)
	placing.Key, placing.RequestHash = in.IdempotencyKey.IdempotencyKey, hash[:]
	placing.PaymentProvider = payment.ProviderOf(placing.PaymentMethod, a.Shop.PaymentProvider)
	if placing.OrderID, err = uuid.NewV7(); err != nil {
		return err
	}
	placing.PaymentID, err = uuid.NewV7()
	return err
}

package crash_test

import (
	"net/http"
	"time"

	"mercado/internal/money"
	"mercado/internal/order"
)

// A scenario does again what a recorded history is of, and says how such an order ends whatever
// is killed meanwhile.
type scenario struct {
	like  string   // the recorded history, where it is not the scenario's name; none for none
	only  []string // names of the history's steps, where other scenarios try the rest; nil for all
	after []string // the recorded histories of the workflow's runs before it

	asks      []ask    // requests of it that somebody is killed at
	exchanges []string // calls to provider and carrier that somebody is killed at

	token    string // of the card; empty for another payment method
	method   string // bank_transfer, cash_on_delivery or cash; empty for a card
	products int    // each of another vendor
	ends     order.Status
	reason   order.CancelReason
	answer   int // status of the first answer, which is given again for the same key
	captures int // as many parcels are paid for; 0 when nothing is
	refunds  int // as often money is paid back
	voids    int // of an order that was sold: the rest is set free

	line1 string // of the address; empty for one that is found
	lost  bool   // the goods are, on their way
	gone  bool   // the provider has let go of the money by itself: there is nothing to void

	// back is how many units of each product come back onto the shelf of an order that was delivered.
	back int64
	// kept is of how many products nothing was sent.
	kept int
	// paid is what is captured, by price; nil for the whole order.
	paid func(*stack, *purchase) (money.Amount, error)
	// refunded is what is paid back in all; nil for the whole order, refunds times.
	refunded func(subtotal, tax money.Amount) money.Amount

	patiences

	prepare func(*stack, *purchase)       // before the order is placed
	place   func(*purchase) (string, any) // the request, where it is not the checkout of a cart
	then    func(*stack, *purchase)       // after it was
	also    func(*stack, *purchase) error // what else must be so before it counts as ended
	// spared are victims that the scenario is not tried with.
	spared []string
}

// none is the history of a scenario of which only requests and calls are tried.
const none = "-"

// patiences are settings that the shop's processes are started with for a scenario.
type patiences struct {
	packAfter time.Duration // how long a shipment waits for its vendor; 0 for hardly
	transfer  time.Duration // how long an order waits for its transfer; 0 for longer than anybody does
	track     time.Duration // how often the carrier is asked; 0 for hardly ever
}

// bystanders are victims that ask no provider: another scenario is tried with them.
var bystanders = []string{"postgres", "temporal"}

// byVendors leaves shipments to their vendors.
var byVendors = patiences{packAfter: time.Minute}

// scenarios has one for each recorded history: a test fails when one is missing.
var scenarios = map[string]scenario{
	"checkout_confirmed": {
		token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		asks: []ask{{operation: "checkout"}}, exchanges: []string{"Authorize"},
	},
	"checkout_looked_up": {
		token: "timeout_then_approved", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		exchanges: []string{"Get"},
		prepare:   func(s *stack, _ *purchase) { s.teller.away.Store(true) }, then: lookUp,
	},
	"checkout_declined":     {token: "decline", products: 1, ends: order.Cancelled, reason: order.PaymentDeclined, answer: http.StatusPaymentRequired},
	"checkout_out_of_stock": {token: "approve", products: 1, ends: order.Cancelled, reason: order.OutOfStock, answer: http.StatusConflict, prepare: loseStock},
	"checkout_cancelled": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusConflict,
		asks:    []ask{{operation: "cancel-order"}},
		prepare: func(s *stack, _ *purchase) { s.provider.away.Store(true) }, then: cancelCheckout,
	},
	"checkout_withdrawn": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusConflict,
		prepare: cancelOnceAuthorised, then: func(s *stack, p *purchase) {
			s.awaitStatus(p, order.Cancelled)
			s.provider.answering.Store(nil)
			s.teller.away.Store(false)
		},
	},
	"checkout_instructed": {
		method: "bank_transfer", products: 1, ends: order.Delivered, answer: http.StatusAccepted, then: transfer,
		exchanges: []string{"Authorize"},
	},
	"checkout_transferred": {
		after: []string{"checkout_instructed"}, method: "bank_transfer",
		products: 1, ends: order.Delivered, answer: http.StatusAccepted, then: transfer,
		asks: []ask{{operation: "receive-payment-webhook", writes: paidFor}},
	},
	"checkout_unpaid": {
		after: []string{"checkout_instructed"}, method: "bank_transfer",
		products: 1, ends: order.Cancelled, reason: order.TransferNotReceived, answer: http.StatusAccepted,
		patiences: patiences{transfer: time.Millisecond},
	},
	"checkout_transfer_cancelled": {
		after: []string{"checkout_instructed"}, method: "bank_transfer",
		products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusAccepted, then: withdraw,
		asks: []ask{{operation: "cancel-order"}}, exchanges: []string{"Void"},
	},
	"checkout_transfer_late": {
		after: []string{"checkout_instructed", "checkout_transfer_cancelled"}, method: "bank_transfer",
		products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusAccepted, refunds: 1, then: payTooLate, also: sentBack,
		asks: []ask{{operation: "receive-payment-webhook", writes: paidFor}}, exchanges: []string{"Refund"},
	},
	"checkout_cash": {method: "cash_on_delivery", products: 1, ends: order.Delivered, answer: http.StatusCreated},
	"ordered_directly": {
		like: none, token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		place: directly, asks: []ask{{operation: "place-order"}},
	},
	"fulfilment_cash": {method: "cash_on_delivery", products: 1, ends: order.Delivered, answer: http.StatusCreated},
	"fulfilment_counter": {
		method: "cash", products: 1, ends: order.Delivered, answer: http.StatusCreated,
		place: atTheCounter, asks: []ask{{operation: "register-sale"}},
	},
	"webhook_twice": {
		like: "fulfilment_one_vendor", only: []string{"Capture", "Ship"},
		token: "webhook_twice", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, also: toldOfBoth,
		asks: []ask{{operation: "receive-payment-webhook", times: 4, writes: []string{"TakePaymentWebhook"}}}, exchanges: []string{"Capture"},
	},
	"webhook_late": {
		like: "fulfilment_one_vendor", only: []string{"Capture", "Ship"},
		token: "webhook_late", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, also: toldOfBoth,
		asks: []ask{{operation: "receive-payment-webhook", times: 2, writes: []string{"TakePaymentWebhook"}}}, exchanges: []string{"Capture"},
	},
	"fulfilment_one_vendor": {
		token: "slow", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		asks:      []ask{{operation: "receive-shipping-webhook", times: 2}},
		exchanges: []string{"Authorize", "BuyLabel", "Capture"},
	},
	"fulfilment_three": {token: "approve", products: 3, ends: order.Delivered, answer: http.StatusCreated, captures: 3},
	"fulfilment_untold": {
		only:  []string{"Track", "ask the carrier when it has not told of the shipment of vendor N", "Deliver"},
		token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		exchanges: []string{"Track"}, patiences: patiences{track: 2 * time.Second},
		prepare: func(s *stack, _ *purchase) { s.courier.away.Store(true) }, then: track,
	},
	"fulfilment_cancelled": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusCreated,
		asks: []ask{{operation: "pack-shipment"}, {operation: "cancel-order"}}, exchanges: []string{"CancelLabel", "Void"},
		patiences: byVendors, then: func(s *stack, p *purchase) {
			s.pack(p)
			s.cancel(p)
		},
	},
	"fulfilment_in_part": {
		token: "approve", products: 2, ends: order.Delivered, answer: http.StatusCreated, captures: 1, voids: 1, kept: 1,
		paid: ofTheOther, asks: []ask{{operation: "cancel-shipment"}}, exchanges: []string{"Void"},
		patiences: byVendors, then: cancelOneOfTwo,
	},
	"cancelled_unpacked": {
		like: none, token: "approve", products: 2, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusCreated,
		asks:      []ask{{operation: "cancel-order"}},
		patiences: byVendors, then: func(s *stack, p *purchase) {
			s.shipment(p, 0)
			s.cancel(p)
		},
	},
	"fulfilment_lost": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.AuthorizationLost, gone: true, answer: http.StatusCreated,
		asks: []ask{
			{operation: "receive-payment-webhook", from: 2, times: 2, writes: []string{"TakePaymentWebhook"}},
			{operation: "receive-payment-webhook", writes: []string{"commit", "WebhookHandled"}},
		},
		patiences: byVendors, then: lose, also: lostOnce,
	},
	"fulfilment_lost_in_part": {
		only:  []string{"Pack", "ToVoid"},
		token: "approve", products: 2, ends: order.Delivered, answer: http.StatusCreated, captures: 1, kept: 1, paid: ofTheOther,
		asks:      []ask{{operation: "receive-payment-webhook", writes: []string{"commit"}}},
		patiences: byVendors, then: loseTheRest, also: lostOnce,
	},
	"fulfilment_by_vendor": {
		token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		asks:      []ask{{operation: "ship-shipment"}},
		patiences: byVendors, then: func(s *stack, p *purchase) { s.ship(p, s.pack(p)) },
	},
	"fulfilment_missed": {
		token: "approve", products: 1, ends: order.Cancelled, reason: "lost", answer: http.StatusCreated, captures: 1, refunds: 1,
		line1: "sandbox:lost", lost: true,
	},
	"refund_completed": {
		token: "approve", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1, then: sendBack(units),
		asks: []ask{{operation: "return-items"}, {operation: "receive-return"}}, exchanges: []string{"Refund"},
	},
	"refund_failed": {
		token: "refund_refused", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1, then: askTwice,
		asks: []ask{{operation: "retry-refund"}},
	},
	"refund_failed_late": {
		like: none, token: "approve", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1,
		asks: []ask{
			{operation: "receive-payment-webhook", from: 4, times: 4, writes: []string{"TakePaymentWebhook"}},
			{operation: "retry-refund"},
		},
		then: bounce, also: bouncedOnce,
	},
	"return_in_part": {
		like: "refund_completed", token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, refunds: 1,
		back: 1, refunded: func(subtotal, tax money.Amount) money.Amount { return (subtotal + tax) / units }, then: sendBack(1),
	},
	"return_to_vendor": {
		like: none, token: "approve", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1,
		asks: []ask{{operation: "receive-return"}}, exchanges: []string{"Refund"}, then: sendBackToVendor,
	},
	"return_rejected": {
		like: none, token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		asks: []ask{{operation: "reject-return"}}, then: rejectReturn,
	},
	"refund_in_part": {
		like: "refund_completed", token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, refunds: 1,
		asks:     []ask{{operation: "refund-order"}},
		refunded: func(money.Amount, money.Amount) money.Amount { return 150 }, then: refundAmount,
	},
	"untold_sold": {
		like: none, token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		exchanges: []string{"Authorize", "Capture"}, prepare: silence, then: untold(nil), spared: bystanders,
	},
	"untold_cancelled": {
		like: none, token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusCreated,
		exchanges: []string{"Void"}, patiences: byVendors, prepare: silence, then: untold(func(s *stack, p *purchase) {
			s.shipment(p, 0)
			s.cancel(p)
		}), spared: bystanders,
	},
	"untold_returned": {
		like: none, token: "approve", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1,
		exchanges: []string{"Refund"}, prepare: silence, then: untold(sendBack(units)), spared: bystanders,
	},
	"fulfilment_refused": {token: "capture_refused", products: 1, ends: order.Cancelled, reason: order.CaptureRefused, answer: http.StatusCreated},
	"webhook_told": {
		token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		prepare: listen, also: heardOnce,
		spared: []string{"api"}, // it works on no task of the queue operations
	},
}

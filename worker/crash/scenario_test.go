package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/worker/workertest"
)

// A scenario does again what a recorded history is of, and says how such an order ends whatever
// is killed meanwhile.
type scenario struct {
	like     string // the recorded history, where it is not the scenario's name
	after    string // the recorded history of the run before it, where it has one
	token    string // of the card; empty for another payment method
	method   string // bank_transfer or cash_on_delivery; empty for a card
	products int
	ends     order.Status
	reason   order.CancelReason
	answer   int // status of the first answer, which is given again for the same key
	captures int // as many parcels are paid for; 0 when nothing is
	refunds  int // as often money is paid back

	line1 string // of the address; empty for one that is found
	lost  bool   // the goods are, on their way

	// back is how many units of each product come back onto the shelf of an order that was delivered.
	back int64
	// refunded is what is paid back in all; nil for the whole order, refunds times.
	refunded func(subtotal, tax money.Amount) money.Amount

	patiences

	prepare func(*stack, *purchase) // before the order is placed
	then    func(*stack, *purchase) // after it was
}

// patiences are settings that the shop's processes are started with for a scenario.
type patiences struct {
	packAfter time.Duration // how long a shipment waits for its vendor; 0 for hardly
	transfer  time.Duration // how long an order waits for its transfer; 0 for longer than anybody does
}

// byVendors leaves shipments to their vendors.
var byVendors = patiences{packAfter: time.Minute}

// scenarios has one for each recorded history: a test fails when one is missing.
var scenarios = map[string]scenario{
	"checkout_confirmed": {token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1},
	"checkout_looked_up": {
		token: "timeout_then_approved", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		prepare: func(s *stack, _ *purchase) { s.teller.away.Store(true) }, then: lookUp,
	},
	"checkout_declined":     {token: "decline", products: 1, ends: order.Cancelled, reason: order.PaymentDeclined, answer: http.StatusPaymentRequired},
	"checkout_out_of_stock": {token: "approve", products: 1, ends: order.Cancelled, reason: order.OutOfStock, answer: http.StatusConflict, prepare: loseStock},
	"checkout_cancelled": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusConflict,
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
	"checkout_instructed":  {method: "bank_transfer", products: 1, ends: order.Delivered, answer: http.StatusAccepted, then: transfer},
	"checkout_transferred": {after: "checkout_instructed", method: "bank_transfer", products: 1, ends: order.Delivered, answer: http.StatusAccepted, then: transfer},
	"checkout_unpaid": {
		after: "checkout_instructed", method: "bank_transfer",
		products: 1, ends: order.Cancelled, reason: order.TransferNotReceived, answer: http.StatusAccepted,
		patiences: patiences{transfer: time.Millisecond},
	},
	"checkout_cash":         {method: "cash_on_delivery", products: 1, ends: order.Delivered, answer: http.StatusCreated},
	"fulfilment_cash":       {method: "cash_on_delivery", products: 1, ends: order.Delivered, answer: http.StatusCreated},
	"webhook_twice":         {like: "fulfilment_one_vendor", token: "webhook_twice", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1},
	"webhook_late":          {like: "fulfilment_one_vendor", token: "webhook_late", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1},
	"fulfilment_one_vendor": {token: "slow", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1},
	"fulfilment_three":      {token: "approve", products: 3, ends: order.Delivered, answer: http.StatusCreated, captures: 3},
	"fulfilment_cancelled": {
		token: "approve", products: 1, ends: order.Cancelled, reason: order.CancelledByCustomer, answer: http.StatusCreated,
		patiences: byVendors, then: func(s *stack, p *purchase) {
			s.pack(p)
			s.cancel(p)
		},
	},
	"fulfilment_by_vendor": {
		token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1,
		patiences: byVendors, then: func(s *stack, p *purchase) { s.act(p, s.pack(p), "/ship") },
	},
	"fulfilment_missed": {
		token: "approve", products: 1, ends: order.Cancelled, reason: "lost", answer: http.StatusCreated, captures: 1, refunds: 1,
		line1: "sandbox:lost", lost: true,
	},
	"refund_completed": {
		token: "approve", products: 1, ends: order.Returned, answer: http.StatusCreated, captures: 1, refunds: 1, then: sendBack(units),
	},
	"return_in_part": {
		like: "refund_completed", token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, refunds: 1,
		back: 1, refunded: func(subtotal, tax money.Amount) money.Amount { return (subtotal + tax) / units }, then: sendBack(1),
	},
	"refund_in_part": {
		like: "refund_completed", token: "approve", products: 1, ends: order.Delivered, answer: http.StatusCreated, captures: 1, refunds: 1,
		refunded: func(money.Amount, money.Amount) money.Amount { return 150 }, then: refundAmount,
	},
	"fulfilment_refused": {token: "capture_refused", products: 1, ends: order.Cancelled, reason: order.CaptureRefused, answer: http.StatusCreated},
}

// purchase is one order of the matrix.
type purchase struct {
	scenario
	customer int64
	token    string // of access
	products []int64
	shelf    int64 // how many there were of each
	key      string
	order    uuid.UUID
}

// units are bought of each product, of so many.
const units, shelf = 2, 5

// prepare gives a new customer a cart with products of their own.
func (s *stack) prepare(of scenario) *purchase {
	s.t.Helper()
	p := &purchase{scenario: of, key: uuid.NewString(), shelf: shelf}
	ctx := s.t.Context()
	if err := s.db.Pool.QueryRow(ctx, `
		insert into identity.customers (first_name, last_name, email)
		values ('Ana', 'Sousa', gen_random_uuid() || '@example.com') returning id`).Scan(&p.customer); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Pool.QueryRow(ctx, `
		with vendor as (
			insert into catalog.vendors (vendor_name, region)
			select gen_random_uuid()::text, 'PT' from generate_series(1, $1::int) returning id
		),
		category as (insert into catalog.categories (name) values (gen_random_uuid()::text) returning id),
		product as (
			insert into catalog.products (vendor_id, category_id, item_name, price, cost)
			select vendor.id, category.id, 'Product', 10, 1 from vendor, category returning id
		),
		balance as (insert into catalog.stock (product_id, on_hand) select id, $2 from product),
		ledger as (
			insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			select id, 'initial', $2, 0, 'inventory' from product
		)
		select array_agg(id) from product`, of.products, shelf).Scan(&p.products); err != nil {
		s.t.Fatal(err)
	}
	for _, product := range p.products {
		if _, err := s.db.PutCartItem(ctx, p.customer, product, units, 15*time.Minute); err != nil {
			s.t.Fatal(err)
		}
	}
	token, err := s.tokens.Issue(auth.Principal{CustomerID: p.customer, Roles: []auth.Role{auth.Customer}})
	if err != nil {
		s.t.Fatal(err)
	}
	p.token = token
	if of.prepare != nil {
		of.prepare(s, p)
	}
	return p
}

// place places the order and does the rest of its scenario, however often the shop dies meanwhile.
func (s *stack) place(p *purchase) error {
	var status int
	var body []byte
	var err error
	if !s.await("the order to be placed", func(ctx context.Context) bool {
		status, body, err = s.askOnce(p, "respond-async")
		// Who was told nothing does not ask again where the order was placed: the shop must see to it.
		return err == nil && status < 500 || s.db.Pool.QueryRow(ctx, "select id from ordering.orders where customer_id = $1", p.customer).Scan(&p.order) == nil
	}) {
		return fmt.Errorf("placing was answered %d %s: %w", status, body, err)
	}
	// The answer may be another's: of a first request that was lost, which is in flight or refused.
	if !s.await("the order to be found", func(ctx context.Context) bool {
		err = s.db.Pool.QueryRow(ctx, "select id from ordering.orders where customer_id = $1", p.customer).Scan(&p.order)
		return err == nil
	}) {
		return fmt.Errorf("find the order: %w", err)
	}
	if p.then != nil {
		p.then(s, p)
	}
	return nil
}

// ask sends the checkout under its key until there is an answer, as a client does that was told
// nothing or to come back.
func (s *stack) ask(p *purchase, prefer string) (status int, body []byte, err error) {
	if !s.await(fmt.Sprintf("order %s to be answered", p.order), func(context.Context) bool {
		status, body, err = s.askOnce(p, prefer)
		return err == nil && (status == p.answer || status < 500 && !bytes.Contains(body, []byte("idempotency_in_flight")))
	}) {
		return status, body, fmt.Errorf("no answer in time, the last was %d %s %w", status, body, err)
	}
	return status, body, nil
}

func (s *stack) askOnce(p *purchase, prefer string) (status int, body []byte, err error) {
	sent := workertest.CheckoutBody(p.scenario.token)
	if p.method != "" {
		sent["payment_method"] = map[string]any{"type": p.method}
	}
	if p.line1 != "" {
		sent["shipping_address"].(map[string]any)["line1"] = p.line1
	}
	return s.send(p.token, "/api/checkout", p.key, sent, "Prefer", prefer)
}

// send posts a body under a key, which may be empty, as whoever has a token, once.
func (s *stack) send(token, path, key string, body any, header ...string) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sent := new(bytes.Buffer)
	if body != nil {
		if err := json.NewEncoder(sent).Encode(body); err != nil {
			return 0, nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.apiAddr+path, sent)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// loseStock lets the cart's holds expire, and then the goods get lost.
func loseStock(s *stack, p *purchase) {
	s.t.Helper()
	if _, err := s.db.Pool.Exec(s.t.Context(), `
		update catalog.holds set expires_at = now() - interval '1 minute' where product_id = any($1)`, p.products); err != nil {
		s.t.Fatal(err)
	}
	for _, product := range p.products {
		if _, err := s.db.MoveStock(s.t.Context(), shopdb.MoveInventoryParams{
			Kind: "adjustment", ProductID: product, Delta: -shelf, Reason: "shrinkage",
		}); err != nil {
			s.t.Fatal(err)
		}
	}
	p.shelf = 0
}

// unless asks for something until the shop has said that it is done, or committed says so: who was told
// nothing does not ask again what was done, so that what follows from it is left to the shop.
func (s *stack) unless(committed, what string, p *purchase, ask func() (status int, err error)) {
	s.await(fmt.Sprintf("order %s: %s", p.order, what), func(ctx context.Context) bool {
		if status, err := ask(); err == nil && status < 300 {
			return true
		}
		var holds bool
		err := s.db.Pool.QueryRow(ctx, committed, p.order).Scan(&holds)
		return err == nil && holds
	})
}

// lookUp lets the provider tell of a payment when the shop has learned of it by asking.
func lookUp(s *stack, p *purchase) {
	defer s.teller.away.Store(false)
	s.await("the payment to be looked up", func(ctx context.Context) bool {
		var sold bool
		err := s.db.Pool.QueryRow(ctx, "select status <> 'pending' from ordering.orders where id = $1", p.order).Scan(&sold)
		return err == nil && sold
	})
}

// cancelCheckout has the customer cancel when the provider, which answers nobody, was asked, and lets
// the provider come back when the order is cancelled.
func cancelCheckout(s *stack, p *purchase) {
	defer s.provider.away.Store(false)
	s.await("the provider to be asked", func(ctx context.Context) bool {
		var asked bool
		err := s.db.Pool.QueryRow(ctx, `
			select exists (
				select from ordering.payments
				inner join ordering.payment_attempts on payment_attempts.payment_id = payments.id
				where order_id = $1
			)`, p.order).Scan(&asked)
		return err == nil && asked
	})
	s.cancel(p)
	s.awaitStatus(p, order.Cancelled)
}

// cancelOnceAuthorised has the customer cancel between the authorisation of their payment and what the
// shop hears of it, by a process that dies before it tells the checkout.
func cancelOnceAuthorised(s *stack, p *purchase) {
	s.teller.away.Store(true)
	s.provider.answering.Store(new(func() error {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		var asked uuid.UUID
		err := s.db.Pool.QueryRow(ctx, `
			select orders.id
			from ordering.orders
			inner join ordering.payments on payments.order_id = orders.id
			inner join ordering.payment_attempts on payment_attempts.payment_id = payments.id
			where orders.customer_id = $1
			limit 1`, p.customer).Scan(&asked)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it is another's answer
		}
		if err == nil {
			_, err = s.db.RequestCancellation(ctx, store.CancelRequest{
				OrderID: asked, CustomerID: &p.customer, Reason: order.CancelledByCustomer,
			})
		}
		return err
	}))
}

// cancel has the customer cancel what was not sent off.
func (s *stack) cancel(p *purchase) {
	s.unless("select cancel_request is not null or status = 'cancelled' from ordering.orders where id = $1", "to be cancelled", p, func() (int, error) {
		status, _, err := s.send(p.token, "/api/orders/"+p.order.String()+"/cancel", "", nil)
		return status, err
	})
}

// transfer has the money of an order arrive when its checkout waits for it.
func transfer(s *stack, p *purchase) {
	s.await("the transfer to be waited for", func(context.Context) bool { return s.control.waits(p.order) })
	var total money.Amount
	s.await("what the order costs", func(ctx context.Context) bool {
		return s.db.Pool.QueryRow(ctx, "select total_amount from ordering.orders where id = $1", p.order).Scan(&total) == nil
	})
	s.tellProvider("/transfers", map[string]any{"reference": p.order, "amount": total})
}

// tellProvider has the provider do something that the shop did not ask it for.
func (s *stack) tellProvider(path string, body any) {
	sent, err := json.Marshal(body)
	if err != nil {
		s.t.Error(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.sandbox+path, bytes.NewReader(sent))
	if err != nil {
		s.t.Error(err)
		return
	}
	request.Header.Set("Idempotency-Key", uuid.NewString())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusCreated {
		s.t.Errorf("%s was answered %s", path, answer.Status)
	}
}

// parcel is the only shipment of an order.
type parcel struct {
	id     uuid.UUID
	vendor int64
}

// pack has the vendor pack, and waits for the label.
func (s *stack) pack(p *purchase) (of parcel) {
	s.await("a shipment to be planned", func(ctx context.Context) bool {
		return s.db.Pool.QueryRow(ctx, "select id, vendor_id from ordering.shipments where order_id = $1", p.order).Scan(&of.id, &of.vendor) == nil
	})
	s.act(p, of, "/pack")
	s.await("a label", func(ctx context.Context) bool {
		var labelled bool
		err := s.db.Pool.QueryRow(ctx, "select tracking_number is not null from ordering.shipments where id = $1", of.id).Scan(&labelled)
		return err == nil && labelled
	})
	return of
}

// act has the vendor do something with a shipment.
func (s *stack) act(p *purchase, of parcel, what string) {
	token, err := s.tokens.Issue(auth.Principal{VendorID: of.vendor, Roles: []auth.Role{auth.Vendor}})
	if err != nil {
		s.t.Error(err)
	}
	s.await(fmt.Sprintf("the vendor to %s order %s", what[1:], p.order), func(context.Context) bool {
		status, _, err := s.send(token, "/api/vendor/shipments/"+of.id.String()+what, "", nil)
		return err == nil && status == http.StatusOK
	})
}

// sendBack has the customer send units back when they have arrived, and the shop receive them.
func sendBack(qty int64) func(*stack, *purchase) {
	return func(s *stack, p *purchase) {
		s.awaitStatus(p, order.Delivered)
		var coming uuid.UUID
		s.unless("select exists (select from ordering.returns where order_id = $1)", "a return to be asked for", p, func() (int, error) {
			items := []map[string]any{{"item_id": p.products[0], "qty": qty}}
			status, _, err := s.send(p.token, "/api/orders/"+p.order.String()+"/returns", p.key+" return", map[string]any{"items": items})
			return status, err
		})
		s.await("the return to be found", func(ctx context.Context) bool {
			return s.db.Pool.QueryRow(ctx, "select id from ordering.returns where order_id = $1", p.order).Scan(&coming) == nil
		})
		s.unless("select exists (select from ordering.refunds where order_id = $1)", "the return to be received", p, func() (int, error) {
			status, _, err := s.send(s.operator, "/api/returns/"+coming.String()+"/receive", "", map[string]any{"restock": true})
			return status, err
		})
	}
}

// refundAmount has an operator pay a part back when the order has arrived.
func refundAmount(s *stack, p *purchase) {
	s.awaitStatus(p, order.Delivered)
	s.unless("select exists (select from ordering.refunds where order_id = $1)", "a refund to be asked for", p, func() (int, error) {
		status, _, err := s.send(s.operator, "/api/orders/"+p.order.String()+"/refunds", p.key+" refund", map[string]any{"amount": "1.50", "reason": "late"})
		return status, err
	})
}

func (s *stack) awaitStatus(p *purchase, want order.Status) {
	s.await(fmt.Sprintf("order %s to be %s", p.order, want), func(ctx context.Context) bool {
		var status string
		err := s.db.Pool.QueryRow(ctx, "select status from ordering.orders where id = $1", p.order).Scan(&status)
		return err == nil && status == string(want)
	})
}

// patience is how long anything may take, with servers that come and go.
const patience = 90 * time.Second

// await is workertest.Await beside a test: servers may be away while it asks, and it only marks the
// test as failed.
func (s *stack) await(what string, holds func(context.Context) bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		held := holds(ctx)
		cancel()
		if held {
			return true
		}
		select {
		case <-deadline.C:
			s.t.Errorf("waited in vain: %s", what)
			return false
		case <-again.C:
		}
	}
}

// provider stands before the sandbox, or before the API, and can be away.
type provider struct {
	url       string
	away      atomic.Bool
	answering atomic.Pointer[func() error] // before each answer, which is lost when this fails
}

func newProvider(t testing.TB, behind string) *provider {
	t.Helper()
	address, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{}
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ModifyResponse = func(*http.Response) error {
		if before := p.answering.Load(); before != nil {
			return (*before)()
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // no answer stays none
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.away.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	})}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	p.url = "http://" + strings.TrimPrefix(listener.Addr().String(), "http://")
	return p
}

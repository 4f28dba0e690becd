package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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

// silence has the provider tell nothing: what has become of a call that was not answered must be asked.
func silence(s *stack, _ *purchase) { s.teller.away.Store(true) }

// untold lets the provider tell again when the order has ended.
func untold(then func(*stack, *purchase)) func(*stack, *purchase) {
	return func(s *stack, p *purchase) {
		defer s.teller.away.Store(false)
		if then != nil {
			then(s, p)
		}
		s.await(fmt.Sprintf("order %s to end", p.order), func(context.Context) bool { return s.ended(p) })
	}
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
	s.pay(p)
}

// withdraw has the customer cancel while their transfer is waited for.
func withdraw(s *stack, p *purchase) {
	s.await("the transfer to be waited for", func(context.Context) bool { return s.control.waits(p.order) })
	s.cancel(p)
}

// payTooLate has the money of an order arrive when it was cancelled.
func payTooLate(s *stack, p *purchase) {
	withdraw(s, p)
	s.awaitStatus(p, order.Cancelled)
	s.await("its checkout to end", func(ctx context.Context) bool { return s.nothingRuns(ctx, p) })
	s.pay(p)
}

func (s *stack) pay(p *purchase) {
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

// track lets the carrier tell of parcels when the shop has learned of one by asking.
func track(s *stack, p *purchase) {
	defer s.courier.away.Store(false)
	s.awaitStatus(p, order.Delivered)
}

// parcel is a shipment of an order.
type parcel struct {
	id     uuid.UUID
	vendor int64
}

// shipment waits for the one with a product.
func (s *stack) shipment(p *purchase, product int) parcel {
	of := parcel{vendor: p.vendors[product]}
	s.await("a shipment to be planned", func(ctx context.Context) bool {
		return s.db.Pool.QueryRow(ctx, "select id from ordering.shipments where order_id = $1 and vendor_id = $2", p.order, of.vendor).Scan(&of.id) == nil
	})
	return of
}

// pack has the vendor pack, and waits for the label.
func (s *stack) pack(p *purchase) parcel {
	of := s.shipment(p, 0)
	s.act(p, of, "/pack", nil, "status <> 'pending'")
	s.await("a label", func(ctx context.Context) bool {
		var labelled bool
		err := s.db.Pool.QueryRow(ctx, "select tracking_number is not null from ordering.shipments where id = $1", of.id).Scan(&labelled)
		return err == nil && labelled
	})
	return of
}

// ofTheOther is what the shipment of the last product costs.
func ofTheOther(s *stack, p *purchase) (amount money.Amount, err error) {
	err = s.db.Pool.QueryRow(s.t.Context(), "select amount from ordering.shipments where order_id = $1 and vendor_id = $2", p.order, p.vendors[1]).
		Scan(&amount)
	return amount, err
}

// ship has the vendor send a parcel off.
func (s *stack) ship(p *purchase, of parcel) {
	s.act(p, of, "/ship", nil, "status not in ('pending', 'packed')")
}

// act has the vendor do something with a shipment, unless it is done.
func (s *stack) act(p *purchase, of parcel, what string, body any, done string) {
	s.unless("select exists (select from ordering.shipments where order_id = $1 and id = '"+of.id.String()+"' and "+done+")", what[1:], p,
		func() (int, error) {
			status, _, err := s.send(s.vendor(of.vendor), "/api/vendor/shipments/"+of.id.String()+what, "", body)
			return status, err
		})
}

// vendor is a token of a vendor.
func (s *stack) vendor(id int64) string {
	token, err := s.tokens.Issue(auth.Principal{VendorID: id, Roles: []auth.Role{auth.Vendor}})
	if err != nil {
		s.t.Error(err)
	}
	return token
}

// cancelOneOfTwo has one vendor cancel what is not sent yet, and the other send it off then.
func cancelOneOfTwo(s *stack, p *purchase) {
	s.act(p, s.shipment(p, 0), "/cancel", map[string]any{"reason": "other"}, "status = 'cancelled'")
	s.ship(p, s.shipment(p, 1))
}

// sendBack has the customer send units back when they have arrived, and the shop receive them.
func sendBack(qty int64) func(*stack, *purchase) {
	return func(s *stack, p *purchase) { s.receive(p, s.returning(p, qty), s.operator) }
}

// sendBackToVendor has the customer send everything back, and the vendor receive it.
func sendBackToVendor(s *stack, p *purchase) {
	s.receive(p, s.returning(p, units), s.vendor(p.vendors[0]))
}

// rejectReturn has the customer send everything back, and an operator refuse it.
func rejectReturn(s *stack, p *purchase) {
	coming := s.returning(p, units)
	s.unless("select exists (select from ordering.returns where order_id = $1 and status = 'rejected')", "the return to be rejected", p, func() (int, error) {
		status, _, err := s.send(s.operator, "/api/returns/"+coming.String()+"/reject", "", map[string]any{"reason": "worn"})
		return status, err
	})
}

// returning has the customer send units back when they have arrived.
func (s *stack) returning(p *purchase, qty int64) (coming uuid.UUID) {
	s.awaitStatus(p, order.Delivered)
	s.unless("select exists (select from ordering.returns where order_id = $1)", "a return to be asked for", p, func() (int, error) {
		items := []map[string]any{{"item_id": p.products[0], "qty": qty}}
		status, _, err := s.send(p.token, "/api/orders/"+p.order.String()+"/returns", p.key+" return", map[string]any{"items": items})
		return status, err
	})
	s.await("the return to be found", func(ctx context.Context) bool {
		return s.db.Pool.QueryRow(ctx, "select id from ordering.returns where order_id = $1", p.order).Scan(&coming) == nil
	})
	return coming
}

func (s *stack) receive(p *purchase, coming uuid.UUID, by string) {
	s.unless("select exists (select from ordering.refunds where order_id = $1)", "the return to be received", p, func() (int, error) {
		status, _, err := s.send(by, "/api/returns/"+coming.String()+"/receive", "", map[string]any{"restock": true})
		return status, err
	})
}

// askTwice has everything sent back, and an operator ask again for the refund that the provider refuses.
func askTwice(s *stack, p *purchase) {
	sendBack(units)(s, p)
	s.askForRefundAgain(p)
}

// askForRefundAgain has an operator ask again for the refund of an order that has failed, once it has.
func (s *stack) askForRefundAgain(p *purchase) {
	var failed uuid.UUID
	s.await("the refund to fail", func(ctx context.Context) bool {
		return s.db.Pool.QueryRow(ctx, "select id from ordering.refunds where order_id = $1 and status = 'failed'", p.order).Scan(&failed) == nil
	})
	s.unless("select exists (select from ordering.refunds where order_id = $1 and retry_of is not null)", "the refund to be asked for again", p, func() (int, error) {
		status, _, err := s.send(s.operator, "/api/refunds/"+failed.String()+"/retry", "", nil)
		return status, err
	})
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

// directly orders without a cart.
func directly(p *purchase) (path string, body any) {
	sent := workertest.CheckoutBody(p.scenario.token)
	sent["items"] = p.items()
	return "/api/orders", sent
}

// atTheCounter sells for cash.
func atTheCounter(p *purchase) (path string, body any) {
	return "/api/sales", map[string]any{
		"customer_id": p.customer, "channel": "counter", "items": p.items(), "payment_method": map[string]any{"type": "cash"},
	}
}

func (p *purchase) items() (items []map[string]any) {
	for _, product := range p.products {
		items = append(items, map[string]any{"item_id": product, "qty": units})
	}
	return items
}

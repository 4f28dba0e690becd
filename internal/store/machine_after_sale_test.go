package store_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// books are the money and goods of one order after its sale, as the model has them.
type books struct {
	payment           uuid.UUID
	total, shipping   money.Amount
	perUnit           money.Amount // with tax
	captured          money.Amount
	released          money.Amount
	cancelRequested   bool
	returned          map[int64]int64 // by product: units that came back
	refundedUnits     map[int64]int64 // by product
	refunds           []*refund
	coming            []*coming
	shippingGivenBack bool
}

// refund is money on its way back, and what for.
type refund struct {
	id       uuid.UUID
	amount   money.Amount
	units    map[int64]int64
	shipping bool
	paid     bool
}

// coming are units on their way back.
type coming struct {
	id           uuid.UUID
	product, qty int64
}

// openBooks reads what the order costs: what it should cost is tested elsewhere.
func (m *machine) openBooks(t *rapid.T, o *placed, payment uuid.UUID) {
	o.books = books{payment: payment, returned: map[int64]int64{}, refundedUnits: map[int64]int64{}}
	if err := m.db.Pool.QueryRow(context.Background(), "select total_amount, shipping_cost from ordering.orders where id = $1", o.id).
		Scan(&o.total, &o.shipping); err != nil {
		t.Fatal(err)
	}
	if (o.total-o.shipping)%money.Amount(o.units()) != 0 {
		t.Fatalf("%d units cost %s: the model knows no fractions of a cent", o.units(), o.total-o.shipping)
	}
	o.perUnit = (o.total - o.shipping) / money.Amount(o.units())
}

func (o *placed) units() (units int64) {
	for _, qty := range o.lines {
		units += qty
	}
	return units
}

// refunded is what was paid back or is on its way.
func (o *placed) refunded() (amount money.Amount) {
	for _, r := range o.refunds {
		amount += r.amount
	}
	return amount
}

// paidBack is what was.
func (o *placed) paidBack() (amount money.Amount) {
	for _, r := range o.refunds {
		if r.paid {
			amount += r.amount
		}
	}
	return amount
}

func (o *placed) comingOf(product int64) (qty int64) {
	for _, c := range o.coming {
		if c.product == product {
			qty += c.qty
		}
	}
	return qty
}

func (o *placed) arrived() bool { return o.status == order.Delivered || o.status == order.Returned }

func (o *placed) allBack() bool {
	for product, qty := range o.lines {
		if o.returned[product] < qty {
			return false
		}
	}
	return true
}

// follow is where an order is when everything has come back.
func (o *placed) follow() {
	if o.allBack() {
		o.status = order.Returned
	}
}

// pay records what the provider is asked, as often as a saga does that was killed.
func (m *machine) pay(t *rapid.T, o *placed, operation, key string, amount money.Amount) {
	for range rapid.IntRange(1, 2).Draw(t, "times told") {
		want(t, m.db.RecordPayment(context.Background(), shopdb.RecordPaymentParams{
			PaymentID: o.payment, Operation: operation, Key: operation + "/" + key, Amount: amount, Outcome: "approved",
		}), nil)
	}
}

// giveUp cancels a sold order of which nothing was sent: the goods are on the shelf again, and the
// money is given up.
func (m *machine) giveUp(o *placed) {
	for product, qty := range o.lines {
		m.onHand[product] += qty
		o.returned[product] = qty
	}
	o.status, o.released = order.Cancelled, o.total
}

// cancelSold has a customer cancel, whenever they like.
func (m *machine) cancelSold(t *rapid.T) {
	o := m.order(t, func(*placed) bool { return true })
	status, err := m.db.RequestCancellation(context.Background(), store.CancelRequest{
		OrderID: o.id, CustomerID: &o.customer, Reason: order.CancelledByCustomer,
	})
	switch o.status {
	case order.Pending:
		o.cancelRequested = true
	case order.Cancelled:
	case order.Confirmed:
		m.giveUp(o)
	default:
		want(t, err, store.ErrNotCancellable)
		return
	}
	want(t, err, nil)
	if status != o.status {
		t.Fatalf("the order is %s, not %s", status, o.status)
	}
}

// ship sends the only parcel of a sold order off, and captures its payment.
func (m *machine) ship(t *rapid.T) {
	o := m.order(t, func(o *placed) bool { return o.status == order.Confirmed })
	plan, err := m.db.PlanFulfilment(context.Background(), o.id)
	want(t, err, nil)
	if len(plan.Shipments) != 1 || plan.Shipments[0].Amount != o.total {
		t.Fatalf("the shipments are %+v", plan.Shipments)
	}
	o.parcel = plan.Shipments[0].ID
	_, err = m.db.ReleaseShipment(context.Background(), shopdb.ReleaseShipmentParams{ID: o.parcel, PackedBy: "shop"})
	want(t, err, nil)
	m.pay(t, o, "capture", o.parcel.String(), o.total)
	want(t, m.db.ShipShipment(context.Background(), o.parcel), nil)
	o.status, o.captured = order.Shipped, o.total
}

func (m *machine) deliver(t *rapid.T) {
	o := m.order(t, func(o *placed) bool { return o.status == order.Shipped })
	want(t, m.db.DeliverShipment(context.Background(), shopdb.DeliverShipmentParams{ID: o.parcel, DeliveredAt: time.Now()}), nil)
	o.status = order.Delivered
}

// sellAndDeliver takes the steps of a sale in a row: one after the other by chance they are rare.
func (m *machine) sellAndDeliver(t *rapid.T) {
	m.placeItems(t)
	m.chosen = m.orders[len(m.orders)-1]
	defer func() { m.chosen = nil }()
	if m.reserve(t); m.chosen.reserved {
		m.confirm(t)
		m.ship(t)
		m.deliver(t)
	}
}

// cancelInTime has a customer cancel between the authorisation and the confirmation of their order.
func (m *machine) cancelInTime(t *rapid.T) {
	m.placeItems(t)
	m.chosen = m.orders[len(m.orders)-1]
	defer func() { m.chosen = nil }()
	if m.reserve(t); m.chosen.reserved {
		m.cancelSold(t)
		m.confirm(t)
		m.cancel(t)
	}
}

// bought is a product and an order, which mostly has arrived and holds it.
func (m *machine) bought(t *rapid.T) (*placed, int64) {
	if rapid.IntRange(0, 3).Draw(t, "whatever") == 0 {
		return m.order(t, func(*placed) bool { return true }), m.product(t)
	}
	o := m.order(t, (*placed).arrived)
	return o, rapid.SampledFrom(slices.Sorted(maps.Keys(o.lines))).Draw(t, "product")
}

// sendBack asks to send units back, of whatever order.
func (m *machine) sendBack(t *rapid.T) {
	o, product := m.bought(t)
	qty := rapid.Int64Range(1, 8).Draw(t, "qty")
	id := uuid.Must(uuid.NewV7())
	_, _, err := m.db.RequestReturn(context.Background(), store.AskReturn{
		Request: request(id), ID: id, OrderID: o.id, CustomerID: &o.customer, Items: []store.Units{{ItemID: product, Qty: qty}}, By: "customer",
	}, 201)
	switch {
	case !o.arrived():
		want(t, err, store.ErrNotDelivered)
	case o.lines[product] == 0:
		want(t, err, store.ErrNotBought)
	case qty > o.lines[product]-o.returned[product]-o.comingOf(product):
		want(t, err, store.ErrTooMany)
	default:
		want(t, err, nil)
		o.coming = append(o.coming, &coming{id: id, product: product, qty: qty})
	}
}

// receive books a return in, once or twice. What is not fit for the shelf is written off.
func (m *machine) receive(t *rapid.T) {
	o := m.order(t, func(o *placed) bool { return len(o.coming) > 0 })
	c := o.coming[0]
	restock := rapid.Bool().Draw(t, "restock")
	refundID := uuid.Must(uuid.NewV7())
	for range rapid.IntRange(1, 2).Draw(t, "times received") {
		_, _, err := m.db.ReceiveReturn(context.Background(), store.Receipt{
			OrderID: o.id, ReturnID: c.id, Restock: restock, RefundID: refundID, By: "admin",
		})
		want(t, err, nil)
	}
	o.coming = o.coming[1:]
	o.returned[c.product] += c.qty
	if restock {
		m.onHand[c.product] += c.qty
	}
	// Units whose money was given back before are not paid for twice.
	o.giveBack(refundID, c.product, min(c.qty, o.lines[c.product]-o.refundedUnits[c.product]), o.allBack())
	o.follow()
}

// giveBack writes a refund into the model, with the shipping where everything has come back.
func (o *placed) giveBack(id uuid.UUID, product, qty int64, shipping bool) {
	given := &refund{id: id, amount: money.Amount(qty) * o.perUnit, units: map[int64]int64{product: qty}}
	if shipping && !o.shippingGivenBack {
		given.amount += o.shipping
		given.shipping, o.shippingGivenBack = true, true
	}
	o.refundedUnits[product] += qty
	if given.amount > 0 {
		o.refunds = append(o.refunds, given)
	}
}

// refundUnits has an operator give money back, with the units on the shelf or without.
func (m *machine) refundUnits(t *rapid.T) {
	o, product := m.bought(t)
	qty, restock := rapid.Int64Range(1, 8).Draw(t, "qty"), rapid.Bool().Draw(t, "restock")
	id := uuid.Must(uuid.NewV7())
	_, _, err := m.db.RequestRefund(context.Background(), store.AskRefund{
		Request: request(id), ID: id, OrderID: o.id, Items: []store.Units{{ItemID: product, Qty: qty}}, Restock: restock, Reason: "late", By: "admin",
	}, 201)
	left := o.lines[product] - o.refundedUnits[product]
	if restock {
		left = min(left, o.lines[product]-o.returned[product]-o.comingOf(product))
	}
	switch {
	case !o.arrived():
		want(t, err, store.ErrNotDelivered)
	case o.lines[product] == 0:
		want(t, err, store.ErrNotBought)
	case qty > left:
		want(t, err, store.ErrTooMany)
	default:
		want(t, err, nil)
		if restock {
			o.returned[product] += qty
			m.onHand[product] += qty
		}
		o.giveBack(id, product, qty, restock && o.allBack())
		o.follow()
	}
}

// payRefund is told by the provider that a refund is on its way.
func (m *machine) payRefund(t *rapid.T) {
	o, r := m.unpaid(t)
	m.pay(t, o, "refund", r.id.String(), r.amount)
	want(t, m.db.CompleteRefund(context.Background(), r.id), nil)
	r.paid = true
}

// failRefund is told by the provider that it does not pay: the money may be asked for again.
func (m *machine) failRefund(t *rapid.T) {
	o, r := m.unpaid(t)
	want(t, m.db.FailRefund(context.Background(), shopdb.FailRefundParams{ID: r.id, Failure: "account closed"}), nil)
	for product, qty := range r.units {
		o.refundedUnits[product] -= qty
	}
	if r.shipping {
		o.shippingGivenBack = false
	}
	o.refunds = slices.DeleteFunc(o.refunds, func(other *refund) bool { return other == r })
}

func (m *machine) unpaid(t *rapid.T) (*placed, *refund) {
	open := func(r *refund) bool { return !r.paid }
	o := m.order(t, func(o *placed) bool { return slices.ContainsFunc(o.refunds, open) })
	return o, o.refunds[slices.IndexFunc(o.refunds, open)]
}

// checkBooks compares the money of an order, and the goods that came back, with the model.
func (m *machine) checkBooks(t *rapid.T, o *placed) {
	var captured, released, paidBack, refunded money.Amount
	var returned, refundedUnits int64
	if err := m.db.Pool.QueryRow(context.Background(), `
		select
			captured_amount,
			released_amount,
			refunded_amount,
			(select coalesce(sum(amount), 0) from ordering.refunds where order_id = $1 and kind = 'refund' and status <> 'failed'),
			(select sum(returned_qty)::bigint from ordering.order_items where order_id = $1),
			(
				select coalesce(sum(qty), 0)::bigint
				from ordering.refund_items
				inner join ordering.refunds on refunds.id = refund_items.refund_id
				where order_id = $1 and kind = 'refund' and status <> 'failed'
			)
		from ordering.payments
		where order_id = $1`, o.id).Scan(&captured, &released, &paidBack, &refunded, &returned, &refundedUnits); err != nil {
		t.Fatal(err)
	}
	if captured != o.captured || released != o.released || paidBack != o.paidBack() || refunded != o.refunded() {
		t.Fatalf("order %s: %s captured, %s given up, %s paid back of %s; the model has %s, %s, %s of %s",
			o.id, captured, released, paidBack, refunded, o.captured, o.released, o.paidBack(), o.refunded())
	}
	if refunded > captured {
		t.Fatalf("order %s: %s are refunded of %s", o.id, refunded, captured)
	}
	var back, given int64
	for product := range o.lines {
		back, given = back+o.returned[product], given+o.refundedUnits[product]
	}
	if returned != back || refundedUnits != given {
		t.Fatalf("order %s: %d units came back and %d were refunded, the model has %d and %d", o.id, returned, refundedUnits, back, given)
	}
}

// request is one that nobody has sent before.
func request(id uuid.UUID) store.Request {
	return store.Request{Scope: "test", Key: id.String(), Operation: "test", Hash: []byte{1}}
}

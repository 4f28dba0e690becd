package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mercado/internal/order"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// TestShopIsWhatItsModelSays does what customers and the saga do, in any order, against Postgres
// and against a model of a few lines, and compares the two after every step: what each cart holds,
// where each order is, the balances, the ledger that must add up to them, and the money that was
// captured, given up and paid back.
func TestShopIsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	db := open(t)
	// Every step asks a database: the library's hundred runs are for whoever asks for them.
	for name, value := range map[string]string{"rapid.checks": "25", "rapid.steps": "60"} {
		if set := flag.Lookup(name); set.Value.String() == set.DefValue {
			if err := set.Value.Set(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, db)
		m.sellAndDeliver(t)
		t.Repeat(map[string]func(*rapid.T){
			"":                     m.check,
			"put in the cart":      m.put,
			"drop from the cart":   m.drop,
			"empty the cart":       m.empty,
			"time passes":          m.expire,
			"sweep":                m.sweep,
			"place":                m.place,
			"place without a cart": m.placeItems,
			"reserve":              m.reserve,
			"confirm":              m.confirm,
			"cancel":               m.cancel,
			"restock":              m.restock,
			"cancel what is sold":  m.cancelSold,
			"cancel in time":       m.cancelInTime,
			"sell and deliver":     m.sellAndDeliver,
			"ship":                 m.ship,
			"deliver":              m.deliver,
			"send back":            m.sendBack,
			"receive":              m.receive,
			"refund":               m.refundUnits,
			"refund is paid":       m.payRefund,
			"refund fails":         m.failRefund,
		})
	})
}

// machine is a shop of a few products and customers, and what it should be.
type machine struct {
	db        *store.DB
	products  []int64
	customers []int64

	onHand map[int64]int64           // by product
	carts  map[int64]map[int64]int64 // what each customer's cart shows: quantity by product
	holds  map[held]*hold            // those that nobody has released yet, expired or not
	orders []*placed
	chosen *placed // the order that steps are taken with; nil: any
}

type held struct{ customer, product int64 }

type hold struct {
	qty     int64
	expired bool
}

type placed struct {
	id       uuid.UUID
	customer int64
	lines    map[int64]int64
	cart     bool // it came from the cart
	status   order.Status
	reserved bool
	sold     bool
	parcel   uuid.UUID
	books
}

func newMachine(t *rapid.T, db *store.DB) *machine {
	m := &machine{db: db, onHand: map[int64]int64{}, carts: map[int64]map[int64]int64{}, holds: map[held]*hold{}}
	m.one(t, &m.products, `
		with vendor as (insert into catalog.vendors (vendor_name, region) values (gen_random_uuid()::text, 'PT') returning id),
		category as (insert into catalog.categories (name) values (gen_random_uuid()::text) returning id),
		product as (
			insert into catalog.products (vendor_id, item_name, category_id, price, cost)
			select vendor.id, 'Product', category.id, 5, 1 from vendor, category, generate_series(1, 3)
			returning id
		),
		ledger as (
			insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			select id, 'initial', 10, 0, 'inventory' from product
		),
		balance as (insert into catalog.stock (product_id, on_hand) select id, 10 from product)
		select array_agg(id) from product`)
	m.one(t, &m.customers, `
		with customer as (
			insert into identity.customers (first_name, last_name, email)
			select 'Ana', 'Sousa', gen_random_uuid() || '@example.com' from generate_series(1, 3)
			returning id
		)
		select array_agg(id) from customer`)
	for _, product := range m.products {
		m.onHand[product] = 10
	}
	for _, customer := range m.customers {
		m.carts[customer] = map[int64]int64{}
	}
	return m
}

// put asks for a quantity, which is given when so much is free, counting as free what only expired
// holds keep.
func (m *machine) put(t *rapid.T) {
	customer, product := m.customer(t), m.product(t)
	qty := rapid.Int64Range(1, 8).Draw(t, "qty")
	_, err := m.db.PutCartItem(context.Background(), customer, product, qty, time.Hour)
	if m.pending(customer) {
		want(t, err, store.ErrCheckoutInProgress)
		return
	}
	mine := m.holds[held{customer, product}]
	keep := int64(0)
	if mine != nil && !mine.expired {
		keep = mine.qty
	}
	if qty > m.free(product)+keep {
		want(t, err, store.ErrShortage)
		return
	}
	want(t, err, nil)
	if keep == 0 {
		delete(m.holds, held{customer, product})
	}
	m.take(product, qty-keep)
	m.holds[held{customer, product}] = &hold{qty: qty}
	m.carts[customer][product] = qty
}

func (m *machine) drop(t *rapid.T) {
	customer, product := m.customer(t), m.product(t)
	_, err := m.db.DropCartItem(context.Background(), customer, product)
	if m.pending(customer) {
		want(t, err, store.ErrCheckoutInProgress)
		return
	}
	want(t, err, nil)
	delete(m.carts[customer], product)
	delete(m.holds, held{customer, product})
}

func (m *machine) empty(t *rapid.T) {
	customer := m.customer(t)
	_, err := m.db.EmptyCart(context.Background(), customer)
	if m.pending(customer) {
		want(t, err, store.ErrCheckoutInProgress)
		return
	}
	want(t, err, nil)
	for product := range m.carts[customer] {
		delete(m.holds, held{customer, product})
	}
	clear(m.carts[customer])
}

// expire lets the time of one cart's holds run out.
func (m *machine) expire(t *rapid.T) {
	customer := m.customer(t)
	m.exec(t, `
		update catalog.holds set expires_at = now() - interval '1 minute'
		where cart_id in (select id from ordering.carts where customer_id = $1)`, customer)
	for of, h := range m.holds {
		if of.customer == customer {
			h.expired = true
		}
	}
}

// sweep releases what has expired before anybody needs it.
func (m *machine) sweep(t *rapid.T) {
	product := m.product(t)
	m.exec(t, "select catalog.release_holds(array[$1]::bigint[])", product)
	m.releaseExpired(product)
}

func (m *machine) restock(t *rapid.T) {
	product := m.product(t)
	m.exec(t, "select catalog.move_stock('restock', array[$1]::bigint[], array[3]::bigint[], 'inventory', '')", product)
	m.onHand[product] += 3
}

func (m *machine) place(t *rapid.T) {
	customer := m.customer(t)
	id, payment, err := m.placeOrder(customer, nil)
	switch {
	case m.pending(customer):
		want(t, err, store.ErrCheckoutInProgress)
	case len(m.carts[customer]) == 0:
		want(t, err, store.ErrCartEmpty)
	default:
		want(t, err, nil)
		lines := map[int64]int64{}
		for product, qty := range m.carts[customer] {
			lines[product] = qty
		}
		m.orders = append(m.orders, &placed{id: id, customer: customer, lines: lines, cart: true, status: order.Pending})
		m.openBooks(t, m.orders[len(m.orders)-1], payment)
	}
}

func (m *machine) placeItems(t *rapid.T) {
	customer, product := m.customer(t), m.product(t)
	qty := rapid.Int64Range(1, 8).Draw(t, "qty")
	id, payment, err := m.placeOrder(customer, []store.Item{{ItemID: product, Qty: qty}})
	want(t, err, nil)
	m.orders = append(m.orders, &placed{id: id, customer: customer, lines: map[int64]int64{product: qty}, status: order.Pending})
	m.openBooks(t, m.orders[len(m.orders)-1], payment)
}

func (m *machine) placeOrder(customer int64, items []store.Item) (id, payment uuid.UUID, err error) {
	id, payment = uuid.Must(uuid.NewV7()), uuid.New()
	_, err = m.db.PlaceOrder(context.Background(), store.Checkout{
		OrderID: id, PaymentID: payment, CustomerID: customer, Key: id.String(), RequestHash: []byte{1}, Items: items,
		PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
		ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
	})
	return id, payment, err
}

// reserve gives a pending order what its cart held and more, all of it or nothing.
func (m *machine) reserve(t *rapid.T) {
	o := m.order(t, func(*placed) bool { return true })
	reserved, err := m.db.ReserveOrder(context.Background(), o.id)
	if o.status != order.Pending || o.reserved {
		want(t, err, nil)
		if reserved.Status != o.status {
			t.Fatalf("the order is %s, not %s", reserved.Status, o.status)
		}
		return
	}
	if o.cancelRequested { // nothing is reserved that shall be cancelled
		want(t, err, nil)
		if !reserved.Stopped {
			t.Fatal("the checkout goes on with an order that shall be cancelled")
		}
		return
	}
	own := func(product int64) int64 {
		if h := m.holds[held{o.customer, product}]; o.cart && h != nil && !h.expired {
			return h.qty
		}
		return 0
	}
	for product, qty := range o.lines {
		if qty > m.free(product)+own(product) {
			want(t, err, store.ErrShortage)
			return
		}
	}
	want(t, err, nil)
	for product, qty := range o.lines {
		if o.cart {
			delete(m.holds, held{o.customer, product})
		}
		m.take(product, qty)
	}
	o.reserved = true
}

// confirm sells a reserved order; the saga asks for it once more when it was killed.
func (m *machine) confirm(t *rapid.T) {
	o := m.order(t, func(o *placed) bool { return o.reserved || o.status == order.Confirmed })
	sell := func() (store.Sale, error) { return m.db.ConfirmOrder(context.Background(), o.id) }
	switch {
	case rapid.Bool().Draw(t, "with the answer of the provider"):
		sell = func() (store.Sale, error) {
			return m.db.SellAuthorized(context.Background(), shopdb.SellAuthorizedParams{
				PaymentID: o.payment, Key: "authorize/" + o.id.String(), Amount: o.total,
			})
		}
	case o.status == order.Pending:
		m.pay(t, o, "authorize", o.id.String(), o.total)
	}
	sale, err := sell()
	want(t, err, nil)
	if first := o.status == order.Pending && sale.Sold; (sale.Answer != nil) != first {
		t.Fatalf("the request is answered: %t, want %t", sale.Answer != nil, first)
	}
	if stopped := o.status == order.Pending && o.cancelRequested; sale.Sold == stopped {
		t.Fatalf("the order is sold: %t, and was cancelled before: %t", sale.Sold, stopped)
	}
	if o.status == order.Confirmed || !sale.Sold {
		return
	}
	for product, qty := range o.lines {
		m.onHand[product] -= qty
	}
	o.status, o.reserved, o.sold = order.Confirmed, false, true
	if o.cart {
		clear(m.carts[o.customer])
	}
}

// cancel gives the cart its holds back, or the shelf the goods; of an order that is not pending it
// changes nothing.
func (m *machine) cancel(t *rapid.T) {
	o := m.order(t, func(*placed) bool { return true })
	sold, err := m.db.CancelOrder(context.Background(), store.Cancellation{
		OrderID: o.id, Reason: order.PaymentDeclined, Holds: time.Hour, Status: 402, Answer: struct{}{},
	})
	want(t, err, nil)
	if is := o.status != order.Pending && o.status != order.Cancelled; sold != is {
		t.Fatalf("the order is a sale: %t, want %t", sold, is)
	}
	if o.status != order.Pending {
		return
	}
	if o.reserved && o.cart {
		for product, qty := range o.lines {
			m.holds[held{o.customer, product}] = &hold{qty: qty}
		}
	}
	o.status, o.reserved = order.Cancelled, false
}

// check compares the shop with the model.
func (m *machine) check(t *rapid.T) {
	for _, product := range m.products {
		var onHand, reserved, ledgerOnHand, ledgerReserved, free int64
		if err := m.db.Pool.QueryRow(context.Background(), `
			select
				on_hand, reserved,
				(select sum(on_hand_delta)::bigint from catalog.stock_ledger where product_id = $1),
				(select sum(reserved_delta)::bigint from catalog.stock_ledger where product_id = $1),
				on_hand - reserved
				+ coalesce((select sum(qty)::bigint from catalog.holds where product_id = $1 and expires_at <= now()), 0)
			from catalog.stock where product_id = $1`, product).
			Scan(&onHand, &reserved, &ledgerOnHand, &ledgerReserved, &free); err != nil {
			t.Fatal(err)
		}
		if onHand != m.onHand[product] || reserved != m.reserved(product) || free != m.free(product) {
			t.Fatalf("product %d: %d on hand, %d reserved, %d free; the model has %d, %d and %d",
				product, onHand, reserved, free, m.onHand[product], m.reserved(product), m.free(product))
		}
		if onHand != ledgerOnHand || reserved != ledgerReserved {
			t.Fatalf("product %d: %d on hand, %d reserved; the ledger has %d and %d", product, onHand, reserved, ledgerOnHand, ledgerReserved)
		}
	}
	for _, customer := range m.customers {
		cart, err := m.db.CartOf(context.Background(), customer, store.CartQuote{})
		if err != nil {
			t.Fatal(err)
		}
		shown := map[int64]string{}
		for _, item := range cart.Items {
			shown[item.ItemID] = fmt.Sprintf("%d %s", item.Qty, item.Hold)
		}
		model := map[int64]string{}
		for product, qty := range m.carts[customer] {
			state := "expired"
			if h := m.holds[held{customer, product}]; h != nil && !h.expired {
				state = "held"
			}
			model[product] = fmt.Sprintf("%d %s", qty, state)
		}
		if fmt.Sprint(shown) != fmt.Sprint(model) {
			t.Fatalf("customer %d: the cart shows %v, the model %v", customer, shown, model)
		}
	}
	for _, o := range m.orders {
		var status string
		var reserved, committed int64
		if err := m.db.Pool.QueryRow(context.Background(), `
			select status, sum(reserved_qty)::bigint, sum(committed_qty)::bigint
			from ordering.orders inner join ordering.order_items on order_items.order_id = orders.id
			where orders.id = $1 group by status`, o.id).Scan(&status, &reserved, &committed); err != nil {
			t.Fatal(err)
		}
		if status != string(o.status) || (reserved > 0) != o.reserved || (committed == o.units()) != o.sold {
			t.Fatalf("order %s is %s with %d reserved and %d sold, the model has %+v", o.id, status, reserved, committed, o)
		}
		m.checkBooks(t, o)
	}
}

// reserved is what the balance of a product has as reserved.
func (m *machine) reserved(product int64) (units int64) {
	for of, h := range m.holds {
		if of.product == product {
			units += h.qty
		}
	}
	return units + m.ordered(product)
}

func (m *machine) ordered(product int64) (units int64) {
	for _, o := range m.orders {
		if o.reserved {
			units += o.lines[product]
		}
	}
	return units
}

// free is what somebody could have.
func (m *machine) free(product int64) int64 {
	free := m.onHand[product] - m.ordered(product)
	for of, h := range m.holds {
		if of.product == product && !h.expired {
			free -= h.qty
		}
	}
	return free
}

// take makes room for units that are about to be reserved: expired holds go when they are in the way.
func (m *machine) take(product, qty int64) {
	if qty > m.onHand[product]-m.reserved(product) {
		m.releaseExpired(product)
	}
}

func (m *machine) releaseExpired(product int64) {
	for of, h := range m.holds {
		if of.product == product && h.expired {
			delete(m.holds, of)
		}
	}
}

func (m *machine) pending(customer int64) bool {
	return slices.ContainsFunc(m.orders, func(o *placed) bool {
		return o.cart && o.customer == customer && o.status == order.Pending
	})
}

func (m *machine) customer(t *rapid.T) int64 {
	return rapid.SampledFrom(m.customers).Draw(t, "customer")
}
func (m *machine) product(t *rapid.T) int64 { return rapid.SampledFrom(m.products).Draw(t, "product") }

func (m *machine) order(t *rapid.T, fit func(*placed) bool) *placed {
	var fitting []*placed
	for _, o := range m.orders {
		if fit(o) && (m.chosen == nil || m.chosen == o) {
			fitting = append(fitting, o)
		}
	}
	if len(fitting) == 0 {
		t.Skip("no such order")
	}
	return fitting[rapid.IntRange(0, len(fitting)-1).Draw(t, "order")]
}

func (m *machine) exec(t *rapid.T, query string, arguments ...any) {
	if _, err := m.db.Pool.Exec(context.Background(), query, arguments...); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) one(t *rapid.T, into any, query string) {
	if err := m.db.Pool.QueryRow(context.Background(), query).Scan(into); err != nil {
		t.Fatal(err)
	}
}

func want(t *rapid.T, err, wanted error) {
	if !errors.Is(err, wanted) {
		t.Fatalf("the shop says %v, the model %v", err, wanted)
	}
}

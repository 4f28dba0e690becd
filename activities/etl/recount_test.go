package etl_test

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// books is what the shop has written down, as far as metrics ask for it, up to the end of a day. The
// metrics are counted from it a second time, in plain Go and by the words of the requirements alone:
// nothing here reads a model or the lake.
type books struct {
	asOf      time.Time // the last day that counts, its first instant
	orders    []*order
	refunds   []refund // completed
	products  []product
	customers map[int64]time.Time // when each registered
	reviews   []review
	carts     []cart
	moves     []move
}

type order struct {
	id        string
	customer  int64
	at        time.Time
	status    string
	method    string
	confirmed *time.Time
	shipped   *time.Time
	lines     []line
}

type line struct {
	product, qty                 int64
	price, cost, discount, total int64 // cents
}

type refund struct {
	customer, product int64
	at                time.Time
	cents             int64
}

type product struct {
	id, vendor, category int64
	price, cost          int64 // cents
	active               bool
	created              time.Time
}

type review struct {
	product, rating int64
	at              time.Time
}

type cart struct {
	begun, changed time.Time
	status         string
	items          int64
}

type move struct {
	product, units int64
	at             time.Time
}

// end is the first instant that does not count.
func (b *books) end() time.Time { return b.asOf.AddDate(0, 0, 1) }

// sold are the orders that count as sales.
func (b *books) sold() []*order {
	return slices.DeleteFunc(slices.Clone(b.orders), func(o *order) bool { return o.status == "cancelled" })
}

// cents that the lines of an order bring.
func (o *order) cents() (sum int64) {
	for _, line := range o.lines {
		sum += line.total
	}
	return sum
}

func (p *pipeline) books(asOf time.Time) *books {
	p.t.Helper()
	b := &books{asOf: asOf, customers: map[int64]time.Time{}}
	byID := map[string]*order{}
	scan(p, `select id::text, customer_id, order_date, status, payment_method, confirmed_at, shipped_at
		from ordering.orders where order_date < $1`, b.end(), func(row pgx.Rows) error {
		o := &order{}
		b.orders = append(b.orders, o)
		err := row.Scan(&o.id, &o.customer, &o.at, &o.status, &o.method, &o.confirmed, &o.shipped)
		byID[o.id] = o
		return err
	})
	scan(p, `select i.order_id::text, i.item_id, i.qty, (i.unit_price * 100)::bigint, (i.unit_cost * 100)::bigint,
		(i.discount_amount * 100)::bigint, (i.total_price * 100)::bigint
		from ordering.order_items as i inner join ordering.orders as o on o.id = i.order_id where o.order_date < $1`, b.end(),
		func(row pgx.Rows) error {
			var of string
			var l line
			err := row.Scan(&of, &l.product, &l.qty, &l.price, &l.cost, &l.discount, &l.total)
			byID[of].lines = append(byID[of].lines, l)
			return err
		})
	scan(p, `select o.customer_id, l.item_id, r.created_at, (i.amount * 100)::bigint
		from ordering.refund_items as i
		inner join ordering.refunds as r on r.id = i.refund_id
		inner join ordering.order_items as l on l.id = i.order_item_id
		inner join ordering.orders as o on o.id = l.order_id
		where r.status = 'completed' and o.status <> 'cancelled' and r.created_at < $1`, b.end(), func(row pgx.Rows) error {
		var r refund
		err := row.Scan(&r.customer, &r.product, &r.at, &r.cents)
		b.refunds = append(b.refunds, r)
		return err
	})
	scan(p, `select id, vendor_id, category_id, (price * 100)::bigint, (cost * 100)::bigint, is_active, created_at
		from catalog.products where $1::timestamptz is not null`, b.end(), func(row pgx.Rows) error {
		var g product
		err := row.Scan(&g.id, &g.vendor, &g.category, &g.price, &g.cost, &g.active, &g.created)
		b.products = append(b.products, g)
		return err
	})
	scan(p, "select id, joined_at from identity.customers where joined_at < $1", b.end(), func(row pgx.Rows) error {
		var id int64
		var joined time.Time
		err := row.Scan(&id, &joined)
		b.customers[id] = joined.UTC()
		return err
	})
	scan(p, "select product_id, rating::bigint, review_date from catalog.reviews where review_date < $1", b.end(), func(row pgx.Rows) error {
		var r review
		err := row.Scan(&r.product, &r.rating, &r.at)
		b.reviews = append(b.reviews, r)
		return err
	})
	scan(p, `select c.created_at, c.updated_at, c.status,
		(select count(*) from ordering.cart_items as i where i.cart_id = c.id)
		from ordering.carts as c where c.created_at < $1`, b.end(), func(row pgx.Rows) error {
		var c cart
		err := row.Scan(&c.begun, &c.changed, &c.status, &c.items)
		b.carts = append(b.carts, c)
		return err
	})
	scan(p, "select product_id, on_hand_delta, occurred_at from catalog.stock_ledger where occurred_at < $1", b.end(), func(row pgx.Rows) error {
		var m move
		err := row.Scan(&m.product, &m.units, &m.at)
		b.moves = append(b.moves, m)
		return err
	})
	return b
}

func scan(p *pipeline, query string, before time.Time, take func(pgx.Rows) error) {
	p.t.Helper()
	rows, err := p.Shop.Pool.Query(p.t.Context(), query, before)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
}

// counted is the rows of a table by their key, each value as Postgres writes it.
type counted map[string]map[string]string

// day, week, month and quarter are the first days of the UTC periods that t is in.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func week(t time.Time) time.Time {
	return day(t).AddDate(0, 0, -(int(t.UTC().Weekday())+6)%7)
}

func month(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func quarter(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
}

// later is the same day so many months later, or the last of that month where it has no such day.
func later(t time.Time, months int) time.Time {
	first := month(t).AddDate(0, months, 0)
	last := first.AddDate(0, 1, -1)
	return first.AddDate(0, 0, min(t.UTC().Day(), last.Day())-1)
}

// fraction a / b with so many digits, halves away from zero; null where b is 0.
func fraction(a, b *big.Rat, digits int) string {
	if b.Sign() == 0 {
		return "null"
	}
	return decimal(new(big.Rat).Quo(a, b), digits)
}

func decimal(exact *big.Rat, digits int) string {
	text := exact.FloatString(digits) // rounds so
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

func whole(n int64) *big.Rat { return big.NewRat(n, 1) }

// amount is money.
func amount(cents int64) *big.Rat { return big.NewRat(cents, 100) }

func money(cents int64) string { return decimal(amount(cents), 2) }

func number[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

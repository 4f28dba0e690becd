package etl_test

import (
	"math/big"
	"time"
)

// tally is a sum and of how many things.
type tally struct{ sum, of int64 }

type operations struct {
	*books
	rows counted
}

func (o *operations) put(metric, dimension, member, unit, value string, basis int64) {
	o.rows[metric+" "+dimension+" "+member] = map[string]string{
		"metric": metric, "dimension": dimension, "member": member, "as_of": date(o.asOf), "unit": unit,
		"value": value, "amount": "null", "basis": number(basis),
	}
}

// putMoney is put of an amount in minor units.
func (o *operations) putMoney(metric, dimension, member string, minor, basis int64) {
	o.put(metric, dimension, member, "money", "null", basis)
	o.rows[metric+" "+dimension+" "+member]["amount"] = money(minor)
}

func (b *books) operationalMetrics() counted {
	o := &operations{books: b, rows: counted{}}
	o.stock()
	o.orderMetrics()
	o.ratings()
	o.abandonment()
	return o.rows
}

func (o *operations) stock() {
	all := o.performance()
	value := map[int64]*tally{}
	var critical, idle, worth int64
	for _, g := range o.products {
		p := all[g.id]
		if value[g.category] == nil {
			value[g.category] = &tally{}
		}
		value[g.category].sum += p.stock * g.cost
		value[g.category].of++
		worth += p.stock * g.cost
		if stockClass(p.stock) == "Critical" {
			critical++
			o.put("critical_stock", "product", number(g.id), "units", decimal(whole(p.stock), 4), 1)
		}
		since := p.last
		if since.IsZero() {
			since = day(g.created)
		}
		if days := int64(o.asOf.Sub(since) / (24 * time.Hour)); days > 90 {
			idle++
			o.put("no_sale_90_days", "product", number(g.id), "days", decimal(whole(days), 4), 1)
		}
	}
	products := int64(len(o.products))
	o.put("critical_stock", "all", "all", "count", decimal(whole(critical), 4), products)
	o.put("no_sale_90_days", "all", "all", "count", decimal(whole(idle), 4), products)
	o.putMoney("inventory_value", "all", "all", worth, products)
	for category, v := range value {
		o.putMoney("inventory_value", "category", number(category), v.sum, v.of)
	}
}

func (o *operations) orderMetrics() {
	hours, byMonth := tally{}, map[string]*tally{} // microseconds
	cancelled, byCategory := tally{}, map[int64]*tally{}
	methods := map[string]int64{}
	category := map[int64]int64{}
	for _, g := range o.products {
		category[g.id] = g.category
	}
	for _, each := range o.orders {
		lost := int64(0)
		if each.status == "cancelled" {
			lost = 1
		} else {
			methods[each.method]++
		}
		cancelled.sum += lost
		cancelled.of++
		seen := map[int64]bool{}
		for _, l := range each.lines {
			seen[category[l.product]] = true
		}
		for c := range seen {
			if byCategory[c] == nil {
				byCategory[c] = &tally{}
			}
			byCategory[c].sum += lost
			byCategory[c].of++
		}
		if lost == 1 || each.confirmed == nil || each.shipped == nil {
			continue
		}
		took := each.shipped.Sub(*each.confirmed).Microseconds()
		name := each.at.UTC().Format("2006-01")
		if byMonth[name] == nil {
			byMonth[name] = &tally{}
		}
		for _, t := range []*tally{&hours, byMonth[name]} {
			t.sum += took
			t.of++
		}
	}
	mean := func(t tally) string {
		return fraction(big.NewRat(t.sum, time.Hour.Microseconds()), whole(t.of), 4)
	}
	o.put("processing_hours", "all", "all", "hours", mean(hours), hours.of)
	for name, t := range byMonth {
		o.put("processing_hours", "month", name, "hours", mean(*t), t.of)
	}
	o.put("cancellation_rate", "all", "all", "share", fraction(whole(cancelled.sum), whole(cancelled.of), 4), cancelled.of)
	for c, t := range byCategory {
		o.put("cancellation_rate", "category", number(c), "share", fraction(whole(t.sum), whole(t.of), 4), t.of)
	}
	for method, n := range methods {
		o.put("payment_method_share", "payment_method", method, "share", fraction(whole(n), whole(cancelled.of-cancelled.sum), 4), n)
	}
}

func (o *operations) ratings() {
	category := map[int64]int64{}
	for _, g := range o.products {
		category[g.id] = g.category
	}
	all, byMonth, byCategory, byProduct := tally{}, map[string]*tally{}, map[int64]*tally{}, map[int64]*tally{}
	for _, r := range o.reviews {
		name := r.at.UTC().Format("2006-01")
		if byMonth[name] == nil {
			byMonth[name] = &tally{}
		}
		if byCategory[category[r.product]] == nil {
			byCategory[category[r.product]] = &tally{}
		}
		if byProduct[r.product] == nil {
			byProduct[r.product] = &tally{}
		}
		for _, t := range []*tally{&all, byMonth[name], byCategory[category[r.product]], byProduct[r.product]} {
			t.sum += r.rating
			t.of++
		}
	}
	mean := func(t tally) string { return fraction(whole(t.sum), whole(t.of), 4) }
	o.put("average_rating", "all", "all", "rating", mean(all), all.of)
	for c, t := range byCategory {
		o.put("average_rating", "category", number(c), "rating", mean(*t), t.of)
	}
	for name, t := range byMonth {
		o.put("rating_by_month", "month", name, "rating", mean(*t), t.of)
	}
	bad := int64(0)
	for id, t := range byProduct {
		if big.NewRat(t.sum, t.of).Cmp(whole(3)) < 0 {
			bad++
			o.put("rated_under_3", "product", number(id), "rating", mean(*t), t.of)
		}
	}
	o.put("rated_under_3", "all", "all", "count", decimal(whole(bad), 4), int64(len(byProduct)))
}

func (o *operations) abandonment() {
	all, byMonth := tally{}, map[string]*tally{}
	for _, c := range o.carts {
		undecided := c.status == "open" && !c.changed.Before(o.asOf)
		if c.items == 0 || undecided {
			continue
		}
		name := c.begun.UTC().Format("2006-01")
		if byMonth[name] == nil {
			byMonth[name] = &tally{}
		}
		for _, t := range []*tally{&all, byMonth[name]} {
			t.of++
			if c.status != "checked_out" {
				t.sum++
			}
		}
	}
	o.put("cart_abandonment", "all", "all", "share", fraction(whole(all.sum), whole(all.of), 4), all.of)
	for name, t := range byMonth {
		o.put("cart_abandonment", "month", name, "share", fraction(whole(t.sum), whole(t.of), 4), t.of)
	}
}

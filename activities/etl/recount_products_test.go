package etl_test

import (
	"math/big"
	"time"
)

// performance is what one product has done.
type performance struct {
	units, revenue, cost, discount, refunds int64
	last                                    time.Time
	units365, units12                       int64
	stock, closings, days                   int64
	reviews, ratings                        int64
}

func stockClass(stock int64) string {
	switch {
	case stock < 10:
		return "Critical"
	case stock < 50:
		return "Low"
	case stock < 100:
		return "Medium"
	}
	return "High"
}

func salesClass(units int64) string {
	switch {
	case units >= 100:
		return "Best Seller"
	case units >= 50:
		return "Good"
	case units >= 10:
		return "Average"
	case units > 0:
		return "Slow"
	}
	return "No Sales"
}

func (b *books) performance() map[int64]*performance {
	of := map[int64]*performance{}
	for _, p := range b.products {
		of[p.id] = &performance{}
	}
	yearBack, monthsBack := b.asOf.AddDate(0, 0, -365), later(b.asOf, -12) // the last days that no longer count
	for _, o := range b.sold() {
		for _, l := range o.lines {
			p := of[l.product]
			p.units += l.qty
			p.revenue += l.qty * l.price
			p.cost += l.qty * l.cost
			p.discount += l.discount
			if day(o.at).After(p.last) {
				p.last = day(o.at)
			}
			if day(o.at).After(yearBack) {
				p.units365 += l.qty
			}
			if day(o.at).After(monthsBack) {
				p.units12 += l.qty
			}
		}
	}
	for _, r := range b.refunds {
		of[r.product].refunds += r.cents
	}
	for _, r := range b.reviews {
		of[r.product].reviews++
		of[r.product].ratings += r.rating
	}
	b.shelve(of, yearBack)
	return of
}

// shelve follows the balances day by day, from each product's first move on.
func (b *books) shelve(of map[int64]*performance, after time.Time) {
	moved, first := map[int64]map[time.Time]int64{}, map[int64]time.Time{}
	for _, m := range b.moves {
		if moved[m.product] == nil {
			moved[m.product], first[m.product] = map[time.Time]int64{}, day(m.at)
		}
		if day(m.at).Before(first[m.product]) {
			first[m.product] = day(m.at)
		}
		moved[m.product][day(m.at)] += m.units
	}
	for id, p := range of {
		if moved[id] == nil {
			continue
		}
		for today := first[id]; !today.After(b.asOf); today = today.AddDate(0, 0, 1) {
			p.stock += moved[id][today]
			if today.After(after) {
				p.closings += p.stock
				p.days++
			}
		}
	}
}

func (b *books) productPerformance() counted {
	rows, all := counted{}, b.performance()
	for _, g := range b.products {
		p := all[g.id]
		last := "null"
		if !p.last.IsZero() {
			last = date(p.last)
		}
		turnover := "null"
		if p.closings > 0 {
			turnover = fraction(whole(p.units365), big.NewRat(p.closings, p.days), 4)
		}
		active := "f"
		if g.active {
			active = "t"
		}
		rows[number(g.id)] = map[string]string{
			"item_id": number(g.id), "vendor_id": number(g.vendor), "category_id": number(g.category), "is_active": active,
			"as_of": date(b.asOf), "price": money(g.price), "cost": money(g.cost),
			"margin_percent": fraction(whole(100*(g.price-g.cost)), whole(g.price), 4),
			"units_sold":     number(p.units), "revenue": money(p.revenue), "profit": money(p.revenue - p.cost),
			"discount": money(p.discount), "refunds": money(p.refunds), "net_revenue": money(p.revenue - p.discount - p.refunds),
			"last_sale": last, "units_365_days": number(p.units365), "average_stock": fraction(whole(p.closings), whole(p.days), 4),
			"turnover": turnover, "stock": number(p.stock), "units_12_months": number(p.units12),
			"months_of_stock": fraction(whole(p.stock), big.NewRat(p.units12, 12), 4),
			"stock_class":     stockClass(p.stock), "sales_class": salesClass(p.units),
			"reviews": number(p.reviews), "average_rating": fraction(whole(p.ratings), whole(p.reviews), 4),
		}
	}
	return rows
}

package etl_test

import (
	"math/big"
	"time"
)

// trade is the sales of a period.
type trade struct {
	orders, units, sales, refunds int64
	customers                     map[int64]bool
}

func (s *trade) revenue() int64 { return s.sales - s.refunds }

var periods = map[string]func(time.Time) time.Time{"day": day, "week": week, "month": month, "quarter": quarter}

func (b *books) trade(start func(time.Time) time.Time) map[time.Time]*trade {
	all := map[time.Time]*trade{}
	of := func(at time.Time) *trade {
		if all[start(at)] == nil {
			all[start(at)] = &trade{customers: map[int64]bool{}}
		}
		return all[start(at)]
	}
	for _, o := range b.orders {
		s := of(o.at)
		if o.status == "cancelled" {
			continue
		}
		s.orders++
		s.customers[o.customer] = true
		for _, l := range o.lines {
			s.units += l.qty
			s.sales += l.total
		}
	}
	for _, r := range b.refunds {
		of(r.at).refunds += r.cents
	}
	return all
}

// yearBefore finds the period of the year before that one compares with, nil where there is none.
func yearBefore(period string, start time.Time, all map[time.Time]*trade) *trade {
	for other, s := range all {
		same := other.Year() == start.Year()-1 && other.Month() == start.Month() && other.Day() == start.Day()
		if period == "week" {
			year, number := start.ISOWeek()
			otherYear, otherNumber := other.ISOWeek()
			same = otherYear == year-1 && otherNumber == number
		}
		if same {
			return s
		}
	}
	return nil
}

// seasonality of each quarter of the year: its mean revenue by that of all, of quarters that are over.
func (b *books) seasonality(quarters map[time.Time]*trade) map[time.Month]string {
	sum, count := map[time.Month]int64{}, map[time.Month]int64{}
	all, number := int64(0), int64(0)
	for start, s := range quarters {
		if start.AddDate(0, 3, -1).After(b.asOf) {
			continue
		}
		sum[start.Month()] += s.revenue()
		count[start.Month()]++
		all += s.revenue()
		number++
	}
	seasons := map[time.Month]string{}
	for _, first := range []time.Month{1, 4, 7, 10} {
		seasons[first] = "null"
		if all > 0 && count[first] > 0 {
			seasons[first] = fraction(big.NewRat(sum[first], count[first]), big.NewRat(all, number), 4)
		}
	}
	return seasons
}

func (b *books) salesMetrics() counted {
	rows := counted{}
	seasons := b.seasonality(b.trade(quarter))
	for period, start := range periods {
		all := b.trade(start)
		for at, s := range all {
			previous, growth, season := "null", "null", "null"
			if before := yearBefore(period, at, all); before != nil {
				previous = money(before.revenue())
				if before.revenue() > 0 {
					growth = fraction(whole(100*(s.revenue()-before.revenue())), whole(before.revenue()), 4)
				}
			}
			if period == "quarter" {
				season = seasons[at.Month()]
			}
			rows[period+" "+date(at)] = map[string]string{
				"period": period, "period_start": date(at), "orders": number(s.orders), "units": number(s.units),
				"customers": number(len(s.customers)), "sales": money(s.sales), "refunds": money(s.refunds),
				"revenue":             money(s.revenue()),
				"average_order_value": fraction(amount(s.revenue()), whole(s.orders), 2),
				"orders_per_customer": fraction(whole(s.orders), whole(int64(len(s.customers))), 4),
				"previous_revenue":    previous, "growth_percent": growth, "seasonality": season,
			}
		}
	}
	return rows
}

package etl_test

import (
	"math/big"
	"time"
)

// buyer is a customer with at least one order.
type buyer struct {
	orders, cents int64
	first, last   time.Time // days
}

func (b *books) buyers() map[int64]*buyer {
	buyers := map[int64]*buyer{}
	for _, o := range b.sold() {
		who, known := buyers[o.customer]
		if !known {
			who = &buyer{first: day(o.at), last: day(o.at)}
			buyers[o.customer] = who
		}
		who.orders++
		who.cents += o.cents()
		if day(o.at).Before(who.first) {
			who.first = day(o.at)
		}
		if day(o.at).After(who.last) {
			who.last = day(o.at)
		}
	}
	for _, r := range b.refunds {
		if who, buys := buyers[r.customer]; buys {
			who.cents -= r.cents
		}
	}
	return buyers
}

// score is 1 + ⌊5 × share of customers strictly worse⌋, at most 5.
func score(who *buyer, all map[int64]*buyer, worse func(other, who *buyer) bool) int64 {
	count := int64(0)
	for _, other := range all {
		if worse(other, who) {
			count++
		}
	}
	share := new(big.Rat).Mul(whole(5), big.NewRat(count, int64(len(all))))
	floor := new(big.Int).Quo(share.Num(), share.Denom()).Int64()
	return min(5, 1+floor)
}

func segment(r, f, m int64) string {
	switch {
	case r >= 4 && f >= 4 && m >= 4:
		return "VIP"
	case r >= 3 && f >= 3 && m >= 3:
		return "Loyal"
	case r >= 4 && f == 1:
		return "New"
	case r <= 2 && f >= 2:
		return "At Risk"
	case r <= 2 && f <= 2:
		return "Lost"
	default:
		return "Regular"
	}
}

// monthsBetween counts the whole months from one day to another.
func monthsBetween(from, to time.Time) (months int64) {
	for !later(from, int(months)+1).After(to) {
		months++
	}
	return months
}

func (b *books) customerAnalytics(expectedMonths, acquisitionCents int64) counted {
	rows, buyers := counted{}, b.buyers()
	for id, who := range buyers {
		r := score(who, buyers, func(other, who *buyer) bool { return other.last.Before(who.last) })
		f := score(who, buyers, func(other, who *buyer) bool { return other.orders < who.orders })
		m := score(who, buyers, func(other, who *buyer) bool { return other.cents < who.cents })
		months := monthsBetween(who.first, b.asOf)
		lifetime := months
		if segment(r, f, m) != "Lost" {
			lifetime += expectedMonths
		}
		ticket := new(big.Rat).Quo(amount(who.cents), whole(who.orders))
		perMonth := big.NewRat(who.orders, max(1, months))
		clv := new(big.Rat).Mul(ticket, perMonth)
		clv.Mul(clv, whole(lifetime))
		clv.Sub(clv, amount(acquisitionCents))
		rows[number(id)] = map[string]string{
			"customer_id": number(id), "as_of": date(b.asOf), "orders": number(who.orders), "revenue": money(who.cents),
			"average_ticket": decimal(ticket, 2), "first_purchase": date(who.first), "last_purchase": date(who.last),
			"days_since_last_purchase": number(int64(b.asOf.Sub(who.last) / (24 * time.Hour))),
			"r_score":                  number(r), "f_score": number(f), "m_score": number(m), "segment": segment(r, f, m),
			"months_since_first_purchase": number(months), "orders_per_month": decimal(perMonth, 4),
			"lifetime_months": number(lifetime), "clv": decimal(clv, 2),
			"clv_expected_months": number(expectedMonths), "clv_acquisition_cost": money(acquisitionCents),
		}
	}
	return rows
}

// cohortCell is a month of the life of those who registered in one month.
type cohortCell struct {
	active        map[int64]bool
	orders, cents int64
}

func (b *books) cohorts() counted {
	size := map[time.Time]int64{}
	cells := map[time.Time]map[int]*cohortCell{}
	since := func(cohort, at time.Time) int {
		return max(0, (at.Year()-cohort.Year())*12+int(at.Month())-int(cohort.Month()))
	}
	for _, joined := range b.customers {
		cohort := month(joined)
		size[cohort]++
		if cells[cohort] == nil {
			cells[cohort] = map[int]*cohortCell{}
			for n := 0; n <= since(cohort, b.asOf); n++ {
				cells[cohort][n] = &cohortCell{active: map[int64]bool{}}
			}
		}
	}
	cell := func(customer int64, at time.Time) *cohortCell {
		cohort := month(b.customers[customer])
		return cells[cohort][since(cohort, at.UTC())]
	}
	for _, o := range b.sold() {
		c := cell(o.customer, o.at)
		c.active[o.customer] = true
		c.orders++
		c.cents += o.cents()
	}
	for _, r := range b.refunds {
		cell(r.customer, r.at).cents -= r.cents
	}
	rows := counted{}
	for cohort, months := range cells {
		total := int64(0)
		for n := range len(months) {
			c := months[n]
			total += c.cents
			rows[date(cohort)+" "+number(n)] = map[string]string{
				"cohort_month": date(cohort), "months_since": number(n), "customers": number(size[cohort]),
				"active_customers": number(len(c.active)), "retention": fraction(whole(int64(len(c.active))), whole(size[cohort]), 4),
				"orders": number(c.orders), "revenue": money(c.cents), "value": fraction(amount(c.cents), whole(size[cohort]), 2),
				"cumulative_revenue": money(total), "cumulative_value": fraction(amount(total), whole(size[cohort]), 2),
			}
		}
	}
	return rows
}

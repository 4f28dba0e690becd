package seed

import (
	"math/rand/v2"
	"slices"
	"time"

	"mercado/internal/money"
)

// basket is one line of a sale before money is worked out.
type basket struct {
	product int // index of the good
	qty     int64
}

// sale is an order that was placed: by whom, when, how, and what for.
type sale struct {
	at      time.Time
	day     int
	shopper int
	channel string
	method  string
	code    *campaign
	lines   []basket
}

// campaign is a discount code: a part of each line, or a fixed amount spread over them.
type campaign struct {
	code       string
	percent    int64
	fixed      money.Amount
	months     []time.Month // nil: all year
	minimum    money.Amount // of the subtotal
	firstOrder bool
}

var campaigns = []campaign{
	{code: "WELCOME10", percent: 10, firstOrder: true},
	{code: "SPRING15", percent: 15, months: []time.Month{time.March, time.April}},
	{code: "SUMMER20", percent: 20, months: []time.Month{time.July}},
	{code: "BLACKFRIDAY", percent: 25, months: []time.Month{time.November}},
	{code: "FIVEOFF", fixed: 500, minimum: 3_000},
	{code: "TWENTYOFF", fixed: 2_000, minimum: 15_000},
}

const discounted = 0.14 // part of the orders with a code, where one applies

var (
	channels = []share[string]{{0.82, "web"}, {0.06, "api"}, {0.08, "counter"}, {0.04, "phone"}}

	methods = map[string][]share[string]{
		"web":     {{0.63, "card"}, {0.20, "wallet"}, {0.09, "cash_on_delivery"}, {0.08, "bank_transfer"}},
		"api":     {{0.60, "card"}, {0.40, "bank_transfer"}},
		"phone":   {{0.45, "card"}, {0.25, "cash_on_delivery"}, {0.30, "bank_transfer"}},
		"counter": {{0.55, "cash"}, {0.45, "card"}},
	}

	// lineCounts average 2.5.
	lineCounts = []share[int]{{0.24, 1}, {0.30, 2}, {0.25, 3}, {0.13, 4}, {0.08, 5}}

	// quantities by how dear the product is; the first row whose price is not exceeded counts.
	quantities = []struct {
		upTo  money.Amount
		units []share[int64]
	}{
		{2_000, []share[int64]{{0.60, 1}, {0.24, 2}, {0.10, 3}, {0.06, 4}}},
		{10_000, []share[int64]{{0.84, 1}, {0.13, 2}, {0.03, 3}}},
		{1 << 62, []share[int64]{{0.97, 1}, {0.03, 2}}},
	}
)

// settlingIn is how long, in days, a customer needs to show their habit.
const settlingIn = 365

// planSales decides who buys what and when. Those who buy at all get the orders that their habit
// promises, fewer where they have not been there for long; the rest goes to the people who come
// often, in proportion to what is bought while they come. Each falls on a day by its demand.
func (h *history) planSales(rnd *rand.Rand) {
	buyers := make([]int, 0, ordersPerScale*h.options.Scale)
	weights := make([]float64, len(h.shoppers))
	for i, who := range h.shoppers {
		promised := who.habit.atLeast
		if promised > 1 {
			promised = max(1, promised*(who.to-who.from)/settlingIn)
		}
		for range min(promised, who.habit.atLeast) {
			buyers = append(buyers, i)
		}
		weights[i] = who.habit.weight * h.calendar.demand.sum(who.from, who.to)
	}
	often := newWeighted(weights)
	for len(buyers) < ordersPerScale*h.options.Scale {
		buyers = append(buyers, often.pick(rnd))
	}
	h.sales = make([]sale, len(buyers))
	for i, buyer := range buyers {
		who := &h.shoppers[buyer]
		s := sale{shopper: buyer, channel: pickShare(rnd, channels)}
		s.day = h.calendar.demand.pickIn(rnd, who.from, max(who.to, who.from+1))
		s.at = h.calendar.moment(s.day, rnd)
		if s.channel == "counter" {
			s.at = h.calendar.openingMoment(s.day, rnd)
		}
		s.method = pickShare(rnd, methods[s.channel])
		h.sales[i] = s
	}
	slices.SortStableFunc(h.sales, func(a, b sale) int { return a.at.Compare(b.at) })

	wanted := h.demandByMonth()
	for i := range h.sales {
		s := &h.sales[i]
		s.lines = h.fillBasket(s.day, wanted[h.calendar.month(s.day)], rnd)
		who := &h.shoppers[s.shopper]
		isFirst := who.first.IsZero()
		if isFirst {
			who.first = s.at
		}
		if rnd.Float64() < discounted {
			s.code = h.findCampaign(*s, isFirst, rnd)
		}
	}
}

// demandByMonth has the weight of every product in each month: its popularity in its season,
// where it is on sale the whole month.
func (h *history) demandByMonth() []weighted {
	all := make([]weighted, h.calendar.month(h.calendar.days-1)+1)
	weights := make([]float64, len(h.goods))
	for m := range all {
		begins := time.Date(h.calendar.from.Year(), h.calendar.from.Month()+time.Month(m), 1, 0, 0, 0, 0, time.UTC)
		ends := begins.AddDate(0, 1, 0)
		for i, item := range h.goods {
			weights[i] = item.popularity
			if season := item.shelf.season[begins.Month()-1]; season > 0 {
				weights[i] *= season
			}
			if !item.launched.Before(begins) && item.launchDay >= 0 || h.calendar.date(item.retiredDay).Before(minTime(ends, h.calendar.until)) {
				weights[i] = 0
			}
		}
		all[m] = newWeighted(weights)
	}
	return all
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// fillBasket picks different products.
func (h *history) fillBasket(day int, wanted weighted, rnd *rand.Rand) []basket {
	lines := make([]basket, 0, 5)
	for count := pickShare(rnd, lineCounts); len(lines) < count; {
		product := wanted.pick(rnd)
		if slices.ContainsFunc(lines, func(l basket) bool { return l.product == product }) {
			continue
		}
		price, _ := h.goods[product].at(day)
		for _, row := range quantities {
			if price <= row.upTo {
				lines = append(lines, basket{product, pickShare(rnd, row.units)})
				break
			}
		}
	}
	return lines
}

// findCampaign picks among the codes that apply, or nil.
func (h *history) findCampaign(s sale, isFirst bool, rnd *rand.Rand) *campaign {
	var subtotal money.Amount
	for _, line := range s.lines {
		price, _ := h.goods[line.product].at(s.day)
		subtotal += price * money.Amount(line.qty)
	}
	var fitting []*campaign
	for i := range campaigns {
		c := &campaigns[i]
		inSeason := c.months == nil || slices.Contains(c.months, s.at.Month())
		if inSeason && subtotal >= c.minimum && (isFirst || !c.firstOrder) {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) == 0 {
		return nil
	}
	return oneOf(rnd, fitting)
}

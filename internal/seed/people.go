package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"github.com/brianvoe/gofakeit/v7"

	"mercado/internal/store/shopdb"
)

// habit is how often a kind of customer buys.
type habit struct {
	customers float64 // part of all customers
	atLeast   int     // orders each of them has
	weight    float64 // share of the orders beyond that
	mayLapse  bool    // some stop coming
}

var (
	visitor    = habit{customers: 0.14}
	oneTime    = habit{customers: 0.33, atLeast: 1}
	occasional = habit{customers: 0.30, atLeast: 2, weight: 1, mayLapse: true}
	regular    = habit{customers: 0.16, atLeast: 3, weight: 3.5, mayLapse: true}
	devoted    = habit{customers: 0.07, atLeast: 6, weight: 11}

	habits = []share[habit]{
		{visitor.customers, visitor}, {oneTime.customers, oneTime}, {occasional.customers, occasional},
		{regular.customers, regular}, {devoted.customers, devoted},
	}
)

const (
	joinedBefore  = 0.25 // part of the customers who were there when the history begins
	lapsed        = 0.35 // part of those who may lapse that did
	lapsedFor     = 120  // days without them at the end, at least
	phoneGiven    = 0.85
	deactivated   = 0.012
	firstPurchase = 30 // days after joining within which a one-time customer buys
)

// shopper is a customer with a habit and the days, [from, to), in which they buy.
type shopper struct {
	habit    habit
	land     *land
	city     string
	line1    string
	postcode string
	joined   time.Time
	from, to int
	first    time.Time // first order; zero without one
}

// makeShoppers decides who lives where, who joins when, and who comes back.
func (h *history) makeShoppers(rnd *rand.Rand) {
	faker := gofakeit.NewFaker(rand.NewPCG(h.options.Seed, 0), false)
	landShares := make([]share[*land], len(lands))
	for i := range lands {
		landShares[i] = share[*land]{lands[i].customers, &lands[i]}
	}
	h.shoppers = make([]shopper, customersPerScale*h.options.Scale)
	for i := range h.shoppers {
		who := shopper{habit: pickShare(rnd, habits), land: pickShare(rnd, landShares), to: h.calendar.days}
		if i == 0 { // the demo login: somebody with a history to look at
			who.habit = devoted
		}
		joined := -1 - rnd.IntN(500)
		if i > 0 && rnd.Float64() >= joinedBefore {
			joined = rnd.IntN(h.calendar.days - 1)
		}
		who.joined = h.calendar.moment(joined, rnd)
		who.from = max(0, joined)
		switch {
		case who.habit == oneTime:
			who.to = min(who.to, who.from+firstPurchase)
		case who.habit.mayLapse && rnd.Float64() < lapsed:
			who.to = min(h.calendar.days-lapsedFor, who.from+60+rnd.IntN(240))
			who.to = max(who.to, min(who.from+45, h.calendar.days))
		}
		who.city = oneOf(rnd, who.land.cities)
		who.line1 = fmt.Sprintf("%s %d", faker.StreetName(), 1+rnd.IntN(180))
		who.postcode = digits(who.land.postalCode, rnd)
		h.shoppers[i] = who
	}
}

// makeCustomerRows writes down the people, once it is known when each first bought.
func (h *history) makeCustomerRows() {
	rnd := h.stream("names")
	faker := gofakeit.NewFaker(rand.NewPCG(h.options.Seed, 1), false)
	domains := []string{"example.com", "example.org", "example.net"}
	h.rows.customers = make([]shopdb.SeedCustomersParams, len(h.shoppers))
	for i, who := range h.shoppers {
		if !who.first.IsZero() && !who.joined.Before(who.first) {
			who.joined = who.first.Add(-between(rnd, 3*time.Minute, 30*time.Minute))
		}
		first, last := faker.FirstName(), faker.LastName()
		born := h.calendar.until.AddDate(-18-rnd.IntN(55), 0, -rnd.IntN(365))
		city, country := who.city, who.land.code
		row := shopdb.SeedCustomersParams{
			ID: int64(i + 1), FirstName: first, LastName: last,
			Email:     fmt.Sprintf("%s.%s.%d@%s", letters(first), letters(last), i+1, oneOf(rnd, domains)),
			BirthDate: &born, City: &city, Country: &country,
			JoinedAt: who.joined, UpdatedAt: who.joined,
			IsActive: i == 0 || rnd.Float64() >= deactivated,
		}
		if rnd.Float64() < phoneGiven {
			phone := who.land.dialCode + who.land.mobile + digits("########", rnd)
			row.Phone = &phone
		}
		if i == 0 {
			row.Email = customerEmail
		}
		h.rows.customers[i] = row
	}
}

// digits replaces each # of a pattern with a digit.
func digits(pattern string, rnd *rand.Rand) string {
	return strings.Map(func(r rune) rune {
		if r == '#' {
			return rune('0' + rnd.IntN(10))
		}
		return r
	}, pattern)
}

// letters keeps what may stand in an e-mail address.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

package seed

import (
	"math"
	"math/rand/v2"
	"time"
)

// How demand moves, each as a multiple of the average.
var (
	monthDemand   = [12]float64{0.84, 0.80, 0.92, 0.95, 1.00, 0.94, 0.88, 0.86, 0.98, 1.06, 1.30, 1.47}
	weekdayDemand = [7]float64{1.14, 1.16, 1.03, 0.99, 0.97, 0.90, 0.81} // Sunday first
	hourDemand    = [24]float64{
		0.30, 0.15, 0.08, 0.05, 0.05, 0.12, 0.35, 0.65, 0.95, 1.20, 1.30, 1.35,
		1.40, 1.25, 1.15, 1.15, 1.20, 1.30, 1.45, 1.75, 2.00, 1.90, 1.35, 0.75,
	}
)

const (
	growthPerYear     = 1.35
	blackFridayDemand = 2.6 // on top of its month
	openingHour       = 9   // of the counter, UTC
	closingHour       = 19
)

// calendar knows the days of the history and how much is bought on each.
type calendar struct {
	from, until time.Time // midnights, UTC
	days        int
	demand      weighted // by day
	hours       weighted
}

func newCalendar(until time.Time, rnd *rand.Rand) calendar {
	from := until.AddDate(0, -months, 0)
	c := calendar{from: from, until: until, days: int(until.Sub(from) / (24 * time.Hour))}
	weights := make([]float64, c.days)
	for day := range weights {
		date := c.date(day)
		weights[day] = math.Pow(growthPerYear, float64(day)/365) *
			monthDemand[date.Month()-1] * weekdayDemand[date.Weekday()] * (0.88 + 0.24*rnd.Float64())
		if isBlackFriday(date) {
			weights[day] *= blackFridayDemand
		}
	}
	c.demand = newWeighted(weights)
	c.hours = newWeighted(hourDemand[:])
	return c
}

// date is the midnight a day starts with; days before the history are negative.
func (c calendar) date(day int) time.Time { return c.from.AddDate(0, 0, day) }

// month counts the calendar months since the first one of the history.
func (c calendar) month(day int) int {
	date := c.date(day)
	return (date.Year()-c.from.Year())*12 + int(date.Month()) - int(c.from.Month())
}

// moment is a time of the day as people shop.
func (c calendar) moment(day int, rnd *rand.Rand) time.Time {
	hour := c.hours.pick(rnd)
	return c.date(day).Add(time.Duration(hour)*time.Hour + between(rnd, 0, time.Hour))
}

// openingMoment is a time of the day at which a counter is open.
func (c calendar) openingMoment(day int, rnd *rand.Rand) time.Time {
	return c.date(day).Add(between(rnd, openingHour*time.Hour, closingHour*time.Hour))
}

// isBlackFriday reports whether a day follows the fourth Thursday of November.
func isBlackFriday(date time.Time) bool {
	return date.Month() == time.November && date.Weekday() == time.Friday && date.Day() >= 23 && date.Day() <= 29
}

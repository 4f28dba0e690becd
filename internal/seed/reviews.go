package seed

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

const unverifiedReviews = 0.06 // part of the reviews by people who bought the thing elsewhere

// opinions are titles and comments by rating, from one star to five.
var opinions = [5][][2]string{
	{
		{"Broke within a week", "Used it four times, then it fell apart. I sent it back."},
		{"Not what the pictures show", "Colour and size are nothing like the pictures."},
		{"Do not buy", "Poor material, and it smells. Very disappointed."},
	},
	{
		{"Too expensive for what it is", "It does what it should, barely. I expected more at this price."},
		{"Not for me", "Feels cheaper than it looks. Still usable."},
		{"Arrived scratched", "The parcel was fine, the product was not."},
	},
	{
		{"It is all right", "Neither good nor bad. Delivery was quick."},
		{"Does the job", "Some rough edges, but it works."},
		{"Average", "I have had better and I have had worse."},
	},
	{
		{"Good value", "Well made for the price. One star off for the packaging."},
		{"Happy with it", "Works as described, and it looks good too."},
		{"Solid", "In daily use for weeks without a complaint."},
	},
	{
		{"Excellent", "Better than I hoped. I have already ordered a second one."},
		{"Love it", "A present that was a great success."},
		{"Highly recommended", "Well thought out down to the details."},
		{"Perfect", "Fast delivery, flawless quality."},
	},
}

// purchase is something somebody has held in their hands, and may have an opinion on.
type purchase struct {
	product, customer int64
	order             uuid.UUID
	at                time.Time
}

// makeReviews lets buyers, and a few others, say what they think, once per product and person.
func (h *history) makeReviews(rnd *rand.Rand) {
	wanted := reviewsPerScale * h.options.Scale
	bought := h.purchases(rnd)
	rnd.Shuffle(len(bought), func(i, j int) { bought[i], bought[j] = bought[j], bought[i] })
	owns := make(map[[2]int64]bool, len(bought))
	for _, p := range bought {
		owns[[2]int64{p.product, p.customer}] = true
	}
	verified := min(len(bought), wanted-int(float64(wanted)*unverifiedReviews))
	chosen := slices.Clone(bought[:verified])
	for len(chosen) < wanted {
		stranger := purchase{product: 1 + rnd.Int64N(int64(len(h.goods))), customer: 1 + rnd.Int64N(int64(len(h.shoppers)))}
		item, who := h.goods[stranger.product-1], h.shoppers[stranger.customer-1]
		key := [2]int64{stranger.product, stranger.customer}
		opened := later(item.launched, later(who.joined, h.calendar.from))
		left := h.calendar.until.Sub(opened)
		if owns[key] || item.popularity == 0 || left < 2*day {
			continue
		}
		owns[key] = true
		stranger.at = opened.Add(between(rnd, day, left))
		chosen = append(chosen, stranger)
	}
	slices.SortStableFunc(chosen, func(a, b purchase) int { return a.at.Compare(b.at) })
	for i, p := range chosen {
		h.rows.reviews = append(h.rows.reviews, h.review(int64(i+1), p, rnd))
	}
}

// purchases lists who got which product, and when they are ready to judge it, once each.
func (h *history) purchases(rnd *rand.Rand) []purchase {
	var bought []purchase
	seen := map[[2]int64]bool{}
	line := 0
	for _, order := range h.rows.orders {
		for ; line < len(h.rows.orderItems) && h.rows.orderItems[line].OrderID == order.ID; line++ {
			item := h.rows.orderItems[line]
			key := [2]int64{item.ItemID, order.CustomerID}
			if order.ActualDelivery == nil || seen[key] {
				continue
			}
			at := order.ActualDelivery.Add(between(rnd, 20*time.Hour, 30*day))
			if !at.Before(h.calendar.until) {
				continue
			}
			seen[key] = true
			bought = append(bought, purchase{item.ItemID, order.CustomerID, order.ID, at})
		}
	}
	return bought
}

func (h *history) review(id int64, p purchase, rnd *rand.Rand) shopdb.SeedReviewsParams {
	rating := int16(math.Round(h.goods[p.product-1].quality + 0.8*rnd.NormFloat64()))
	rating = min(5, max(1, rating))
	opinion := oneOf(rnd, opinions[rating-1])
	votes := int32(rnd.ExpFloat64() * 4)
	row := shopdb.SeedReviewsParams{
		ID: id, ProductID: p.product, CustomerID: p.customer, Rating: rating,
		Title: opinion[0], Comment: opinion[1], ReviewDate: p.at, UpdatedAt: p.at,
		TotalVotes: votes, HelpfulVotes: int32(float64(votes) * rnd.Float64()),
	}
	if p.order != uuid.Nil {
		row.OrderID, row.IsVerifiedPurchase = &p.order, true
	}
	return row
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

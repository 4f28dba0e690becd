package seed

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// good is what the history needs to know of a product. Days are counted from the first one of
// the history.
type good struct {
	vendor     int64
	shelf      *shelf
	price      money.Amount // now
	cost       money.Amount
	oldPrice   money.Amount // before repriced
	oldCost    money.Amount
	repriced   int // day of the price change; 0 where there was none
	launched   time.Time
	launchDay  int // negative where it was there before
	retiredDay int // the first day without sales; days of the calendar where it is still sold
	popularity float64
	quality    float64 // the average of its ratings
	batch      int64   // units of a usual delivery, at least
}

const (
	deadProducts     = 0.08 // never sold
	retiredProducts  = 0.06 // sold out months ago and not bought in again
	repricedProducts = 0.35 // have had another price
	launchedLater    = 0.30 // came during the history
	flops            = 0.07 // rated badly by those who bought them
	delisted         = 0.5  // of the retired ones: no longer active either
	zipfExponent     = 0.85 // demand of rank r is 1 / (r + zipfOffset)^zipfExponent
	zipfOffset       = 3.0
	retiredAgoMin    = 100 // days
	retiredAgoMax    = 300
)

// batches are what vendors deliver at least: they spread the stock over all stock classes.
var batches = []share[int64]{{0.30, 12}, {0.30, 40}, {0.22, 90}, {0.18, 160}}

func (h *history) makeVendors(rnd *rand.Rand) {
	for i := range vendorsPerScale * h.options.Scale {
		name := vendorNames[i%len(vendorNames)] + " " + vendorKinds[(i+i/len(vendorNames))%len(vendorKinds)]
		if round := i / (len(vendorNames) * len(vendorKinds)); round > 0 {
			name = fmt.Sprintf("%s %d", name, round+1)
		}
		joined := h.calendar.date(-30 - rnd.IntN(900)).Add(between(rnd, 8*time.Hour, 17*time.Hour))
		h.rows.vendors = append(h.rows.vendors, shopdb.SeedVendorsParams{
			ID: int64(i + 1), VendorName: name, Region: lands[i%len(lands)].code, JoinedAt: joined, UpdatedAt: joined,
		})
	}
}

// makeProducts writes the category tree and fills its shelves in turn, so that every shelf has
// products of every rank.
func (h *history) makeProducts(rnd *rand.Rand) {
	type place struct {
		department int
		category   int64
		shelf      *shelf
	}
	var places []place
	opened := h.calendar.date(-900)
	addCategory := func(name, description string, parent *int64) int64 {
		id := int64(len(h.rows.categories) + 1)
		h.rows.categories = append(h.rows.categories, shopdb.SeedCategoriesParams{
			ID: id, Name: name, ParentID: parent, Description: description, UpdatedAt: opened,
		})
		return id
	}
	for d, department := range assortment {
		root := addCategory(department.name, department.description, nil)
		for s := range department.shelves {
			shelf := &assortment[d].shelves[s]
			places = append(places, place{d, addCategory(shelf.name, shelf.description, &root), shelf})
		}
	}

	count := productsPerScale * h.options.Scale
	ranks := rnd.Perm(count)
	for i := range count {
		at := places[i%len(places)]
		item := h.makeGood(at.shelf, ranks[i], rnd)
		// A vendor sells from two departments.
		sellers := make([]int64, 0, len(h.rows.vendors))
		for v := range h.rows.vendors {
			if v%len(assortment) == at.department || (v+2)%len(assortment) == at.department {
				sellers = append(sellers, int64(v+1))
			}
		}
		item.vendor = oneOf(rnd, sellers)
		h.goods = append(h.goods, item)
		h.rows.products = append(h.rows.products, h.productRow(i, at.category, item, rnd))
	}
}

func (h *history) makeGood(on *shelf, rank int, rnd *rand.Rand) good {
	item := good{
		shelf: on, retiredDay: h.calendar.days, batch: pickShare(rnd, batches),
		popularity: 1 / math.Pow(float64(rank)/float64(h.options.Scale)+zipfOffset, zipfExponent),
		quality:    3.4 + 1.4*rnd.Float64(),
	}
	if rnd.Float64() < flops {
		item.quality = 1.6 + rnd.Float64()
	}
	item.price = retail(on.low * math.Pow(on.high/on.low, rnd.Float64()))
	item.cost = money.Amount(math.Round(float64(item.price) * min(0.97, on.cost*(0.8+0.4*rnd.Float64()))))
	item.oldPrice, item.oldCost = item.price, item.cost

	item.launchDay = -60 - rnd.IntN(700)
	switch roll := rnd.Float64(); {
	case roll < deadProducts:
		item.popularity = 0
	case roll < deadProducts+retiredProducts:
		item.retiredDay = h.calendar.days - retiredAgoMin - rnd.IntN(retiredAgoMax-retiredAgoMin)
	case roll < deadProducts+retiredProducts+launchedLater:
		item.launchDay = rnd.IntN(h.calendar.days - 60)
	}
	item.launched = h.calendar.date(item.launchDay).Add(between(rnd, 6*time.Hour, 9*time.Hour))
	if rnd.Float64() < repricedProducts {
		item.repriced = max(item.launchDay+30, 60+rnd.IntN(h.calendar.days-120))
		factor := 0.86 + 0.2*rnd.Float64()
		item.oldPrice = retail(float64(item.price) / 100 * factor)
		item.oldCost = min(item.oldPrice-1, money.Amount(math.Round(float64(item.cost)*factor)))
	}
	return item
}

// at gives price and cost of a day.
func (g good) at(day int) (price, cost money.Amount) {
	if day < g.repriced {
		return g.oldPrice, g.oldCost
	}
	return g.price, g.cost
}

// retail rounds to a price as shops write it: 7.90, 34.90, 249.00.
func retail(units float64) money.Amount {
	if units < 100 {
		return money.Amount(math.Floor(units)*100 + 90)
	}
	return money.Amount(math.Round(units/10)*1000 - 100)
}

func (h *history) productRow(i int, category int64, item good, rnd *rand.Rand) shopdb.SeedProductsParams {
	brand, line, noun := oneOf(rnd, brands), oneOf(rnd, lines), oneOf(rnd, item.shelf.nouns)
	model := fmt.Sprintf("%s-%04d", strings.ToUpper(brand[:2]), 1000+i)
	colour := oneOf(rnd, []string{"black", "white", "grey", "blue", "green", "red", "sand"})
	attributes, _ := json.Marshal(map[string]any{"colour": colour, "warranty_months": 12 * (1 + rnd.IntN(3))}) // strings and numbers
	launched := h.calendar.date(item.launchDay)
	dimensions := fmt.Sprintf("%d × %d × %d cm", 4+rnd.IntN(60), 3+rnd.IntN(40), 1+rnd.IntN(30))
	weight := decimal.NewFromFloat(math.Max(0.01, item.shelf.weight*rnd.Float64())).Round(3)
	row := shopdb.SeedProductsParams{
		ID: int64(i + 1), VendorID: item.vendor, CategoryID: category,
		ItemName:    fmt.Sprintf("%s %s %s", brand, line, noun),
		Description: fmt.Sprintf("%s of the %s line by %s, in %s.", noun, line, brand, colour),
		Brand:       brand, Model: model, Price: item.price, Cost: item.cost, Currency: currency,
		WeightKg: decimal.NewNullDecimal(weight), Dimensions: &dimensions, LaunchDate: &launched,
		Attributes: attributes, IsActive: true, CreatedAt: item.launched, UpdatedAt: item.launched,
	}
	if item.repriced > 0 {
		row.UpdatedAt = h.calendar.date(item.repriced)
	}
	if item.retiredDay < h.calendar.days {
		row.UpdatedAt = h.calendar.date(item.retiredDay).Add(12 * time.Hour)
		row.IsActive = rnd.Float64() >= delisted
	}
	return row
}

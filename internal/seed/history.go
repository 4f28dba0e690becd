package seed

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// Volumes at scale 1.
const (
	customersPerScale = 1_200
	vendorsPerScale   = 8
	productsPerScale  = 240
	ordersPerScale    = 6_000
	reviewsPerScale   = 2_400
	abandonedPerOrder = 0.45 // carts left behind for each order placed on the web
)

const months = 24

const currency = "EUR"

// history is everything that is going to be written, table by table, in ascending order of id.
type history struct {
	options  Options
	calendar calendar

	shoppers []shopper
	goods    []good
	sales    []sale

	rows struct {
		customers     []shopdb.SeedCustomersParams
		vendors       []shopdb.SeedVendorsParams
		categories    []shopdb.SeedCategoriesParams
		products      []shopdb.SeedProductsParams
		stock         []shopdb.SeedStockParams
		ledger        []shopdb.SeedStockLedgerParams
		reviews       []shopdb.SeedReviewsParams
		carts         []shopdb.SeedCartsParams
		cartItems     []shopdb.SeedCartItemsParams
		orders        []shopdb.SeedOrdersParams
		orderItems    []shopdb.SeedOrderItemsParams
		events        []shopdb.SeedOrderEventsParams
		payments      []shopdb.SeedPaymentsParams
		attempts      []shopdb.SeedPaymentAttemptsParams
		shipments     []shopdb.SeedShipmentsParams
		shipmentItems []shopdb.SeedShipmentItemsParams
		refunds       []shopdb.SeedRefundsParams
		refundItems   []shopdb.SeedRefundItemsParams
	}

	moves [][]move // by product, in the order they were decided
}

// generate makes the whole history in memory: who there is, what is sold, who buys what when,
// how each order ends, and at last the stock that made it possible.
func generate(options Options) *history {
	h := &history{options: options}
	h.calendar = newCalendar(options.Until, h.stream("calendar"))
	h.makeVendors(h.stream("vendors"))
	h.makeProducts(h.stream("products"))
	h.makeShoppers(h.stream("customers"))
	h.planSales(h.stream("sales"))
	h.settleSales(h.stream("outcomes"))
	h.makeAbandonedCarts(h.stream("abandoned"))
	h.keepStock(h.stream("stock"))
	h.makeReviews(h.stream("reviews"))
	h.makeCustomerRows()
	h.numberByTime()
	return h
}

// stream gives each part its own random numbers, so that a change in one leaves the others alone.
func (h *history) stream(part string) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(part))
	return rand.New(rand.NewPCG(h.options.Seed, hash.Sum64()))
}

// numberByTime gives the append-only tables the ids that growing by the clock would have given.
func (h *history) numberByTime() {
	slices.SortStableFunc(h.rows.ledger, func(a, b shopdb.SeedStockLedgerParams) int { return a.OccurredAt.Compare(b.OccurredAt) })
	for i := range h.rows.ledger {
		h.rows.ledger[i].ID = int64(i + 1)
	}
	slices.SortStableFunc(h.rows.events, func(a, b shopdb.SeedOrderEventsParams) int { return a.OccurredAt.Compare(b.OccurredAt) })
	for i := range h.rows.events {
		h.rows.events[i].ID = int64(i + 1)
	}
	slices.SortStableFunc(h.rows.attempts, func(a, b shopdb.SeedPaymentAttemptsParams) int { return a.OccurredAt.Compare(b.OccurredAt) })
	for i := range h.rows.attempts {
		h.rows.attempts[i].ID = int64(i + 1)
	}
}

// newID is a UUIDv7 of the given time with random bits from rnd.
func newID(at time.Time, rnd *rand.Rand) uuid.UUID {
	var id uuid.UUID
	millis := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(millis >> (40 - 8*i))
	}
	high, low := rnd.Uint64(), rnd.Uint64()
	id[6] = 0x70 | byte(high>>8)&0x0f
	id[7] = byte(high)
	for i := range 8 {
		id[8+i] = byte(low >> (56 - 8*i))
	}
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// between is a duration from low up to, not including, high, in whole milliseconds.
func between(rnd *rand.Rand, low, high time.Duration) time.Duration {
	return (low + time.Duration(rnd.Int64N(int64(high-low)))).Truncate(time.Millisecond)
}

// oneOf picks with equal chances.
func oneOf[T any](rnd *rand.Rand, of []T) T { return of[rnd.IntN(len(of))] }

// weighted picks with chances proportional to weight, from what newWeighted has summed up.
type weighted struct{ cumulative []float64 }

func newWeighted(weights []float64) weighted {
	cumulative := make([]float64, len(weights))
	sum := 0.0
	for i, weight := range weights {
		sum += weight
		cumulative[i] = sum
	}
	return weighted{cumulative}
}

// pick returns an index whose weight is not zero.
func (w weighted) pick(rnd *rand.Rand) int { return w.pickIn(rnd, 0, len(w.cumulative)) }

// sum is the weight of the indices from low up to, not including, high.
func (w weighted) sum(low, high int) float64 {
	if low == 0 {
		return w.cumulative[high-1]
	}
	return w.cumulative[high-1] - w.cumulative[low-1]
}

// pickIn is pick among the indices from low up to, not including, high.
func (w weighted) pickIn(rnd *rand.Rand, low, high int) int {
	floor := 0.0
	if low > 0 {
		floor = w.cumulative[low-1]
	}
	at := floor + rnd.Float64()*(w.cumulative[high-1]-floor)
	index, _ := slices.BinarySearch(w.cumulative[low:high], at)
	for low+index < high-1 && w.cumulative[low+index] <= at {
		index++ // a search that hits a bound exactly belongs to the next one
	}
	return low + index
}

// share is something that is picked with the given part of all chances.
type share[T any] struct {
	of   float64
	what T
}

func pickShare[T any](rnd *rand.Rand, table []share[T]) T {
	sum := 0.0
	for _, row := range table {
		sum += row.of
	}
	at := rnd.Float64() * sum
	for _, row := range table {
		if at < row.of {
			return row.what
		}
		at -= row.of
	}
	return table[len(table)-1].what
}

package simulate

import "math/rand/v2"

// intent is what a customer comes for.
type intent string

const (
	lookAround intent = "look around"
	abandon    intent = "fill a cart and leave it"
	buy        intent = "buy"
	comeBack   intent = "see to an order"
)

// Of a hundred visits, so many have each intent; most who come only look.
var intents = []weighted[intent]{{40, lookAround}, {18, abandon}, {34, buy}, {8, comeBack}}

// How buyers pay. The tokens are those of the sandbox.
var payments = []weighted[payment]{
	{74, payment{"card", "approve"}},
	{6, payment{"wallet", "approve"}},
	{6, payment{"card", "decline"}},
	{4, payment{"card", "insufficient_funds"}},
	{3, payment{"card", "slow"}},
	{2, payment{"card", "timeout_then_approved"}},
	{5, payment{"cash_on_delivery", ""}},
}

// errands are what brings a customer back; they end with a look where the order is not that far.
var errands = []weighted[errand]{{40, justLook}, {25, cancelIt}, {15, sendItBack}, {20, reviewIt}}

type errand string

const (
	justLook   errand = "look"
	cancelIt   errand = "cancel"
	sendItBack errand = "return"
	reviewIt   errand = "review"
)

type payment struct{ method, token string }

type weighted[T any] struct {
	weight int
	value  T
}

func pick[T any](r *rand.Rand, from []weighted[T]) T {
	sum := 0
	for _, w := range from {
		sum += w.weight
	}
	at := r.IntN(sum)
	for _, w := range from {
		if at -= w.weight; at < 0 {
			return w.value
		}
	}
	panic("unreachable: the weights are what they were")
}

// words are what people search for; some of them are typos.
var words = []string{"chair", "lamp", "shirt", "camera", "headphones", "table", "boots", "keyboard", "lapm", "headphons", "coffe"}

var sorts = []string{"newest", "price", "-price", "name"}

// plan is what one visit intends. Where it says which of a list, it is a share of the list's length,
// since nobody knows yet what the list holds.
type plan struct {
	customer    int
	intent      intent
	signedIn    bool // of those who look around, some are
	search      string
	sort        string
	pages       int
	details     []float64 // products that are looked at
	lines       []line    // that go into the cart
	change      bool      // of the first line's quantity
	remove      bool      // of the last line
	payment     payment
	acceptPrice bool
	async       bool // does not wait for the outcome
	straight    bool // buys without a cart
	regret      bool // cancels at once what was bought
	errand      errand
	which       float64 // of the orders
	rating      int
	country     string
}

type line struct {
	which float64
	qty   int
}

// planOf is the plan of visit number i: the same for the same seed, whatever else happens.
func planOf(seed, i uint64, customers int) plan {
	r := rand.New(rand.NewPCG(seed, i)) //nolint:gosec // a simulation is to be repeatable
	p := plan{
		customer: r.IntN(customers), intent: pick(r, intents), signedIn: r.IntN(3) == 0,
		sort: sorts[r.IntN(len(sorts))], pages: 1 + r.IntN(3),
		change: r.IntN(4) == 0, remove: r.IntN(6) == 0,
		payment: pick(r, payments), acceptPrice: r.IntN(2) == 0, async: r.IntN(12) == 0, straight: r.IntN(8) == 0,
		regret: r.IntN(15) == 0,
		errand: pick(r, errands), which: r.Float64(), rating: 1 + r.IntN(5),
		country: []string{"PT", "ES", "DE", "FR"}[r.IntN(4)],
	}
	if r.IntN(3) == 0 {
		p.search = words[r.IntN(len(words))]
	}
	for range 1 + r.IntN(3) {
		p.details = append(p.details, r.Float64())
	}
	for range 1 + r.IntN(3) {
		p.lines = append(p.lines, line{r.Float64(), 1 + r.IntN(3)})
	}
	return p
}

// of is the index that a share means in a list of n, which must not be empty.
func of(share float64, n int) int { return min(int(share*float64(n)), n-1) }

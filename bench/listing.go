package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mercado/internal/money"
	"mercado/internal/store"
)

// pageSize is how many products a page has; one more is read to know whether there is another.
const pageSize = 20

// question is what is asked of the catalogue.
type question struct {
	filter store.ProductFilter
	order  store.ProductOrder
}

// values is the question as the API takes it.
func (q question) values() url.Values {
	values := url.Values{"limit": {strconv.Itoa(pageSize)}, "sort": {string(q.order)}}
	if q.filter.Query != nil {
		values.Set("q", *q.filter.Query)
	}
	if q.filter.CategoryID != nil {
		values.Set("category_id", strconv.FormatInt(*q.filter.CategoryID, 10))
	}
	if q.filter.PriceFrom != nil {
		values.Set("price_from", q.filter.PriceFrom.String())
	}
	return values
}

// listing is a way of looking for products.
type listing struct {
	name string
	// ask is the i-th question to a catalogue of so many. No two that follow each other are the same,
	// so that no cache answers for the database.
	ask func(i, products int) question
	// search says that the baseline is the query alone; else it is a handler of net/http that asks it.
	search bool
}

// listings: words of names are those of a product that is in stock.
var listings = []listing{
	{name: "list by price", ask: func(i, _ int) question {
		return question{store.ProductFilter{PriceFrom: pageStart(i)}, store.Cheapest}
	}},
	{name: "list of a category and all below", ask: func(i, _ int) question {
		root := int64(1 + i%roots)
		return question{store.ProductFilter{CategoryID: &root, PriceFrom: pageStart(i)}, store.Cheapest}
	}},
	{name: "search by name", search: true, ask: func(i, products int) question {
		product := inStock(i, products)
		return search(product.noun()+" "+product.series(), nil)
	}},
	{name: "search with a typo", search: true, ask: func(i, products int) question {
		return search(misspelt(inStock(i, products).series(), i), nil)
	}},
	{name: "search for a common word", search: true, ask: func(i, _ int) question {
		nothing := money.Amount(i / len(nouns) % 100) // is below every price, and makes the question another
		return search(nouns[i%len(nouns)], &nothing)
	}},
}

func pageStart(i int) *money.Amount {
	price := money.Amount(100 + int64(i)*6151%90_000)
	return &price
}

func inStock(i, products int) offered {
	n := offered(1 + i*7919%products)
	if n.outOfStock() {
		n--
	}
	return n
}

// misspelt is a word with one typo, of each kind in its turn.
func misspelt(word string, i int) string {
	switch i % 3 {
	case 0: // two letters that changed places
		return word[:1] + word[2:3] + word[1:2] + word[3:]
	case 1: // one left out
		return word[:3] + word[4:]
	default: // a wrong one
		return word[:5] + "q" + word[6:]
	}
}

func search(words string, from *money.Amount) question {
	return question{store.ProductFilter{Query: &words, PriceFrom: from}, store.Relevance}
}

// catalogue is a shop with so many products.
type catalogue struct {
	*shop
	products int
	bare     string // address of the handler that its lists are compared with
}

// listing measures pages of products, and searches, among few and among many, in turns.
func (b *bench) listing(ctx context.Context) (err error) {
	var catalogues []*catalogue
	for _, count := range []int{10_000, b.products} {
		began := time.Now()
		b.say("  adding %d products", count)
		c, err := b.openCatalogue(ctx, count)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.close()) }()
		stop, err := c.serveBare(ctx)
		if err != nil {
			return err
		}
		defer stop()
		b.say("  %d products: %.0f s", count, time.Since(began).Seconds())
		catalogues = append(catalogues, c)
	}
	if _, err := catalogues[0].db.Pool.Exec(ctx, "checkpoint"); err != nil {
		return err
	}
	for _, l := range listings {
		b.say("  %s", l.name)
		if err := b.listed(ctx, l, catalogues); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

func (b *bench) openCatalogue(ctx context.Context, count int) (*catalogue, error) {
	p, err := b.servers.openShop(ctx, fmt.Sprintf("products%d", count), []string{"api"})
	if err != nil {
		return nil, err
	}
	if err := p.addProducts(ctx, count, b.say); err != nil {
		return nil, errors.Join(fmt.Errorf("add products: %w", err), p.close())
	}
	return &catalogue{shop: p, products: count}, nil
}

// listed measures one way of looking for products, in all catalogues.
func (b *bench) listed(ctx context.Context, l listing, catalogues []*catalogue) error {
	baseline := "bare handler"
	if l.search {
		baseline = "bare SQL query"
	}
	name := func(what string, c *catalogue) string { return fmt.Sprintf("%s, %d products", what, c.products) }
	const served = "over HTTP"
	var subjects []subject
	for _, c := range catalogues {
		subjects = append(subjects,
			subject{name: name(served, c), shop: c.shop, do: c.asked(l, c.overHTTP(c.url+"/api/catalog/products"))})
		base := c.overHTTP(c.bare)
		if l.search {
			base = c.bySQL
		}
		subjects = append(subjects, subject{name: name(baseline, c), shop: c.shop, do: c.asked(l, base)})
	}
	pace := b.pace
	pace.slice = min(pace.slice, time.Second) // they are many
	if l.search {
		pace.same /= 2 // for its p50
		pace.most = min(pace.most, 6*time.Second)
	} else {
		pace.same, pace.alike = 5*pace.same, 12*pace.alike // for its p99, which is one of few
	}
	figures, err := b.compare(ctx, pace, 8, subjects)
	if err != nil {
		return err
	}
	b.result.add(l.name, figures)
	few, many := figures[name(served, catalogues[0])], figures[name(served, catalogues[1])]
	for i, own := range []*figure{few, many} {
		c := catalogues[i]
		what, rate := fmt.Sprintf("%s among %d: rate over %s's", l.name, c.products, baseline), ratio(own, figures[name(baseline, c)])
		if l.search {
			b.result.note(what, rate)
		} else {
			b.result.target(what, rate, atLeast, 0.5)
		}
	}
	if l.search {
		b.result.note(l.name+": p50 among many, over that among few", quotient(many.Same.P50, few.Same.P50))
	} else {
		b.result.target(l.name+": p99 of the middle turn among many, over few", quotient(orZero(many.Same.P99OfMiddleTurn), orZero(few.Same.P99OfMiddleTurn)), atMost, 1.5)
		b.result.note(l.name+": p99 of all turns among many, over few", quotient(orZero(many.Same.P99), orZero(few.Same.P99)))
	}
	return nil
}

// asked asks one question after the other, through all loads.
func (c *catalogue) asked(l listing, answer func(context.Context, question) error) func(context.Context, int) error {
	var next atomic.Int64
	return func(ctx context.Context, _ int) error {
		return answer(ctx, l.ask(int(next.Add(1)), c.products))
	}
}

var errNothingFound = errors.New("nothing was found")

// overHTTP asks at an address, and wants products.
func (c *catalogue) overHTTP(address string) func(context.Context, question) error {
	return func(ctx context.Context, q question) error {
		asked := address + "?" + q.values().Encode()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked, nil)
		if err != nil {
			return err
		}
		answer, err := answered(request, http.StatusOK)
		if err == nil && !bytes.Contains(answer, []byte(`"item_name":`)) && !bytes.Contains(answer, []byte(`"ItemName":`)) {
			err = fmt.Errorf("%s: %w", asked, errNothingFound)
		}
		return err
	}
}

// bySQL asks the query alone.
func (c *catalogue) bySQL(ctx context.Context, q question) error {
	rows, err := c.db.Products(ctx, q.filter, q.order, nil, pageSize+1)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s: %w", q.values().Encode(), errNothingFound)
	}
	return err
}

// serveBare serves the same pages by the same query with nothing of the API around it.
func (c *catalogue) serveBare(ctx context.Context) (stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := questionOf(r.URL.Query())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rows, err := c.db.Products(r.Context(), q.filter, q.order, nil, pageSize+1)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(rows)
	})}
	var group errgroup.Group
	group.Go(func() error { return server.Serve(listener) })
	c.bare = "http://" + listener.Addr().String() + "/"
	return func() {
		_ = server.Close()
		_ = group.Wait()
	}, nil
}

// questionOf reads what values has written, of lists.
func questionOf(values url.Values) (question, error) {
	q := question{order: store.ProductOrder(values.Get("sort"))}
	from, err := money.Parse(values.Get("price_from"))
	if err != nil {
		return q, err
	}
	q.filter.PriceFrom = &from
	if values.Has("category_id") {
		id, err := strconv.ParseInt(values.Get("category_id"), 10, 64)
		if err != nil {
			return q, err
		}
		q.filter.CategoryID = &id
	}
	return q, nil
}

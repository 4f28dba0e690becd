package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/money"
	"mercado/internal/store"
)

const (
	listName     = "list over HTTP"
	bareListName = "bare handler"
	searchName   = "search over HTTP"
	bareSearch   = "bare SQL query"
)

// listing measures a page of products, and a search, among few and among many. Each page begins at
// a price of its own, so that no cache answers for the database.
func (b *bench) listing(ctx context.Context) error {
	var p99 []float64
	for _, count := range []int{10_000, b.products} {
		name := fmt.Sprintf("%d products", count)
		b.say("adding %s", name)
		figures, err := b.listAmong(ctx, count)
		if err != nil {
			return err
		}
		b.report.add("products", name, figures)
		p99 = append(p99, figures[listName].Unhurried.P99)
		b.report.target("rate of lists among "+name+", over a bare handler's",
			ratio(figures[listName].Rounds, figures[bareListName].Rounds), atLeast, 0.5)
	}
	b.report.target("p99 of a list among many, over one among few", p99[1]/p99[0], atMost, 1.5)
	return nil
}

func (b *bench) listAmong(ctx context.Context, count int) (_ map[string]*figure, err error) {
	p, err := b.servers.openShop(ctx, fmt.Sprintf("products%d", count), []string{"api"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.addProducts(ctx, count); err != nil {
		return nil, fmt.Errorf("add products: %w", err)
	}
	if _, err := p.db.Pool.Exec(ctx, "vacuum analyze"); err != nil {
		return nil, err
	}
	bare, stop, err := p.bareHandler(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	get := func(ctx context.Context, address string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		return answered(request, http.StatusOK)
	}
	price := func(i int) string { return money.Amount(100 + int64(i)*6151%90_000).String() }
	word := func(i int) string { return fmt.Sprintf("word%d", i*31%3001) }
	return b.compare(ctx, p, 8, []subject{
		{name: listName, do: func(ctx context.Context, i int) error {
			return get(ctx, p.url+"/api/catalog/products?limit=20&sort=price&price_from="+price(i))
		}},
		{name: bareListName, do: func(ctx context.Context, i int) error { return get(ctx, bare+"?price_from="+price(i)) }},
		{name: searchName, do: func(ctx context.Context, i int) error {
			return get(ctx, p.url+"/api/catalog/products?limit=20&q="+url.QueryEscape(word(i)))
		}},
		{name: bareSearch, do: func(ctx context.Context, i int) error {
			query := word(i)
			_, err := p.db.Products(ctx, store.ProductFilter{Query: &query}, store.Relevance, nil, 21)
			return err
		}},
	})
}

// addProducts fills an empty catalogue.
func (p *shop) addProducts(ctx context.Context, count int) error {
	return pgx.BeginFunc(ctx, p.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select set_config('bench.products', $1::text, true)", strconv.Itoa(count)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, newCatalogue, pgx.QueryExecModeSimpleProtocol)
		return err
	})
}

// bareHandler serves the same page by the same query with nothing of the API around it.
func (p *shop) bareHandler(ctx context.Context) (address string, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := money.Parse(r.URL.Query().Get("price_from"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rows, err := p.db.Products(r.Context(), store.ProductFilter{PriceFrom: &from}, store.Cheapest, nil, 21)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(rows)
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return "http://" + listener.Addr().String() + "/", func() { _ = server.Close() }, nil
}

package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/worker/workertest"
)

// purchase is one order of the matrix.
type purchase struct {
	scenario
	customer int64
	token    string // of access
	products []int64
	shelf    int64 // how many there were of each
	vendors  []int64
	key      string
	order    uuid.UUID
	first    []byte  // what was first answered when it was decided; nil before anybody knows
	heard    *hearer // of its vendor, who is told of what was sold; nil for none
}

// units are bought of each product, of so many.
const units, shelf = 2, 5

// prepare gives a new customer a cart with products of their own.
func (s *stack) prepare(of scenario) *purchase {
	s.t.Helper()
	p := &purchase{scenario: of, key: uuid.NewString(), shelf: shelf}
	ctx := s.t.Context()
	if err := s.db.Pool.QueryRow(ctx, `
		insert into identity.customers (first_name, last_name, email)
		values ('Ana', 'Sousa', gen_random_uuid() || '@example.com') returning id`).Scan(&p.customer); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Pool.QueryRow(ctx, `
		with vendor as (
			insert into catalog.vendors (vendor_name, region)
			select gen_random_uuid()::text, 'PT' from generate_series(1, $1::int) returning id
		),
		category as (insert into catalog.categories (name) values (gen_random_uuid()::text) returning id),
		product as (
			insert into catalog.products (vendor_id, category_id, item_name, price, cost)
			select vendor.id, category.id, 'Product', 10, 1 from vendor, category returning id, vendor_id
		),
		balance as (insert into catalog.stock (product_id, on_hand) select id, $2 from product),
		ledger as (
			insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type)
			select id, 'initial', $2, 0, 'inventory' from product
		)
		select array_agg(id order by id), array_agg(vendor_id order by id) from product`, of.products, shelf).Scan(&p.products, &p.vendors); err != nil {
		s.t.Fatal(err)
	}
	for _, product := range p.products {
		if of.place != nil {
			break // it needs no cart
		}
		if _, err := s.db.PutCartItem(ctx, p.customer, product, units, 15*time.Minute); err != nil {
			s.t.Fatal(err)
		}
	}
	token, err := s.tokens.Issue(auth.Principal{CustomerID: p.customer, Roles: []auth.Role{auth.Customer}})
	if err != nil {
		s.t.Fatal(err)
	}
	p.token = token
	if of.prepare != nil {
		of.prepare(s, p)
	}
	return p
}

// place places the order and does the rest of its scenario, however often the shop dies meanwhile.
func (s *stack) place(p *purchase) error {
	var status int
	var body []byte
	var err error
	if !s.await("the order to be placed", func(ctx context.Context) bool {
		if status, body, err = s.askOnce(p, "respond-async"); err == nil {
			p.hear(status, body)
		}
		// Who was told nothing does not ask again where the order was placed: the shop must see to it.
		return err == nil && status < 500 || s.db.Pool.QueryRow(ctx, "select id from ordering.orders where customer_id = $1", p.customer).Scan(&p.order) == nil
	}) {
		return fmt.Errorf("placing was answered %d %s: %w", status, body, err)
	}
	// The answer may be another's: of a first request that was lost, which is in flight or refused.
	if !s.await("the order to be found", func(ctx context.Context) bool {
		err = s.db.Pool.QueryRow(ctx, "select id from ordering.orders where customer_id = $1", p.customer).Scan(&p.order)
		return err == nil
	}) {
		return fmt.Errorf("find the order: %w", err)
	}
	if p.then != nil {
		p.then(s, p)
	}
	return nil
}

// ask sends the checkout under its key until there is an answer, as a client does that was told
// nothing or to come back.
func (s *stack) ask(p *purchase, prefer string) (status int, body []byte, err error) {
	if !s.await(fmt.Sprintf("order %s to be answered", p.order), func(context.Context) bool {
		status, body, err = s.askOnce(p, prefer)
		return err == nil && (status == p.answer || status < 500) && !inFlight(body)
	}) {
		return status, body, fmt.Errorf("no answer in time, the last was %d %s %w", status, body, err)
	}
	return status, body, nil
}

func (s *stack) askOnce(p *purchase, prefer string) (status int, body []byte, err error) {
	if p.scenario.place != nil {
		path, sent := p.scenario.place(p)
		by := p.token
		if path == "/api/sales" {
			by = s.operator
		}
		return s.send(by, path, p.key, sent, "Prefer", prefer)
	}
	sent := workertest.CheckoutBody(p.scenario.token)
	if p.method != "" {
		sent["payment_method"] = map[string]any{"type": p.method}
	}
	if p.line1 != "" {
		sent["shipping_address"].(map[string]any)["line1"] = p.line1
	}
	return s.send(p.token, "/api/checkout", p.key, sent, "Prefer", prefer)
}

// send posts a body under a key, which may be empty, as whoever has a token, once. An answer that the
// OpenAPI document does not know fails the test, whatever was killed.
func (s *stack) send(token, path, key string, body any, header ...string) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sent := new(bytes.Buffer)
	if body != nil {
		if err := json.NewEncoder(sent).Encode(body); err != nil {
			return 0, nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.apiAddr+path, sent)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	checked := http.Client{Transport: apitest.Transport(func(wrong error) { s.t.Error(wrong) })}
	response, err := checked.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// patience is how long anything may take, with servers that come and go.
const patience = 90 * time.Second

// await is workertest.Await beside a test: servers may be away while it asks, and it only marks the
// test as failed.
func (s *stack) await(what string, holds func(context.Context) bool) bool {
	held := within(patience, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return holds(ctx)
	})
	if !held {
		s.t.Errorf("waited in vain: %s", what)
	}
	return held
}

// within waits until something holds, and says whether it does before a limit is over.
func within(limit time.Duration, holds func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			return false
		case <-again.C:
		}
	}
	return true
}

package simulate_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mercado/api/apitest"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/simulate"
	"mercado/worker/workertest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// TestTrafficIsAnsweredAsTheContractSays sends people to a real shop: all of them can register, they
// find products, buy, are declined, cancel, send back, review, and meet nothing that the contract does not
// know. The shop says the same of it as the summary.
func TestTrafficIsAnsweredAsTheContractSays(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	shop.NewProducts(30, 10_000)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	summary, err := simulate.Run(ctx, simulate.Options{
		URL: shop.URL, Rate: 20, For: 5 * time.Minute, Customers: 40, Seed: 7, AtOnce: 4,
		Client: &http.Client{Transport: apitest.Transport(func(wrong error) { t.Error(wrong) })},
		Progress: func(now simulate.Snapshot) {
			o := now.Outcomes
			if o.Confirmed > 0 && o.Declined > 0 && o.Abandoned > 0 && o.Cancelled > 0 && o.Returned > 0 && o.Reviewed > 0 {
				enough()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := summary.Orders
	if summary.Failed() || o.Confirmed == 0 || o.Declined == 0 || o.Abandoned == 0 || o.Cancelled == 0 ||
		o.Returned == 0 || o.Reviewed == 0 || o.TurnedAway > 0 {
		text, _ := json.MarshalIndent(summary, "", "  ")
		t.Errorf("the traffic ended with %s", text)
	}
	var placed, confirmed, returned, reviewed int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select
			count(*),
			count(*) filter (where confirmed_at is not null),
			(select count(*) from ordering.returns),
			(select count(*) from catalog.reviews)
		from ordering.orders`).Scan(&placed, &confirmed, &returned, &reviewed); err != nil {
		t.Fatal(err)
	}
	told := o.Confirmed + o.Accepted + o.Late + o.Declined
	left := o.Refused + o.OutOfStock // of whom some have an order, of which another visit of theirs has made something else
	if placed < told || placed > told+left || confirmed < o.Confirmed || confirmed > told-o.Declined || returned != o.Returned || reviewed != o.Reviewed {
		t.Errorf("the shop has %d orders, %d confirmed, %d returns and %d reviews; the summary says %+v", placed, confirmed, returned, reviewed, o)
	}
	requests := 0
	for _, operation := range summary.Operations {
		for _, count := range operation.Statuses {
			requests += count
		}
		if operation.P50 <= 0 || operation.P99 < operation.P50 || operation.Max < operation.P50 {
			t.Errorf("latencies of %+v", operation)
		}
	}
	if requests != summary.Requests {
		t.Errorf("%d answers by operation, %d requests", requests, summary.Requests)
	}
}

// TestFailuresOfTheShopAreSeen has a shop fail in each way that must not pass unseen.
func TestFailuresOfTheShopAreSeen(t *testing.T) {
	t.Parallel()
	for what, list := range map[string]http.HandlerFunc{
		"a server error":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a status nobody told of":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"no answer":                 func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a problem without a code":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
		"something that is no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"paths": {"/api/catalog/products": {"get": {"responses": {"200": {}, "400": {}, "500": {}}}}}}`))
			})
			mux.HandleFunc("GET /api/catalog/products", list)
			mux.HandleFunc("POST /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			ctx, enough := context.WithCancel(t.Context())
			defer enough()
			summary, err := simulate.Run(ctx, simulate.Options{
				URL: server.URL, Rate: 200, Customers: 3, Seed: 1, AtOnce: 8,
				Progress: func(now simulate.Snapshot) {
					if now.Errors > 0 {
						enough()
					}
				},
			})
			if err != nil || !summary.Failed() {
				t.Errorf("it was not seen: %+v, %v", summary, err)
			}
		})
	}
}

// TestWhoIsToldToWaitAsksNobodyAgain has a shop that registers nobody for the next ten minutes.
func TestWhoIsToldToWaitAsksNobodyAgain(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"paths": {
			"/api/identity/register": {"post": {"responses": {"201": {}, "429": {}}}},
			"/api/catalog/products": {"get": {"responses": {"200": {}}}}
		}}`))
	})
	var registrations, looks atomic.Int64
	mux.HandleFunc("POST /api/identity/register", func(w http.ResponseWriter, _ *http.Request) {
		registrations.Add(1)
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"code": "too_many_attempts"}`))
	})
	mux.HandleFunc("GET /api/catalog/products", func(w http.ResponseWriter, _ *http.Request) {
		looks.Add(1)
		_, _ = w.Write([]byte(`{"items": []}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	summary, err := simulate.Run(ctx, simulate.Options{
		URL: server.URL, Rate: 100, Customers: 50, Seed: 1, AtOnce: 1,
		Progress: func(now simulate.Snapshot) {
			if now.Outcomes.TurnedAway > 20 {
				enough()
			}
		},
	})
	if err != nil || summary.Failed() || registrations.Load() != 1 || looks.Load() < 20 {
		t.Errorf("%d registrations were tried, the catalogue was seen %d times: %+v, %v", registrations.Load(), looks.Load(), summary, err)
	}
}

func TestShopThatIsAwayIsAnError(t *testing.T) {
	t.Parallel()
	_, err := simulate.Run(t.Context(), simulate.Options{URL: "http://127.0.0.1:1", Rate: 1, Customers: 1, AtOnce: 1})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("visited nobody without an error: %v", err)
	}
}

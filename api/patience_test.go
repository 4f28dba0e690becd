package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/settings"
	"mercado/internal/shipping"
	"mercado/internal/signature"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker/workertest"
)

// wantTryAgain fails the test unless the answer says that a part is away, and when to come back.
func wantTryAgain(t *testing.T, answer *apitest.Answer) {
	t.Helper()
	answer.WantProblem(http.StatusServiceUnavailable, "unavailable")
	if answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s: no Retry-After", answer.Body)
	}
}

func TestALockedRowDoesNotTakeTheShopDown(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 100)
	if _, err := shop.Deps.DB.Pool.Exec(t.Context(), `
		insert into identity.customers (first_name, last_name, email)
		select 'Ana', 'Sousa', n || '@example.com' from generate_series(1, 100) as n`); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := store.Open(t.Context(), shop.World.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	locker, err := elsewhere.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locker.Exec(t.Context(), "select catalog.lock_stock(array[$1::bigint])", product); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locker.Rollback(context.WithoutCancel(t.Context())) }() // without which elsewhere does not close
	item := fmt.Sprintf("/api/cart/items/%d", product)
	var asked sync.WaitGroup
	defer asked.Wait()
	all, stop := context.WithCancel(t.Context()) // ends when the row is waited for by all the connections there are
	defer stop()
	for i := range shop.World.Database.MaxConns {
		asked.Go(func() {
			// Who gives up tries again, as they are told to, where the last has not come before.
			for all.Err() == nil {
				wantTryAgain(t, shop.Customer(int64(i+1)).Put(item, map[string]any{"qty": 1}))
			}
		})
	}
	workertest.Await(t, "all connections to wait for the row", func() bool {
		return shop.Deps.DB.Pool.Stat().AcquiredConns() == shop.World.Database.MaxConns
	})
	stop()
	// Those who wait for the row give up long before a request that waits for a connection does.
	shop.Anyone().Get("/api/catalog/products").Want(http.StatusOK)
	asked.Wait()
	if err := locker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	shop.Customer(1).Put(item, map[string]any{"qty": 1}).Want(http.StatusOK)
}

func TestARequestWaitsForAConnectionOnlySoLong(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	var taken []*pgxpool.Conn
	for range shop.Deps.DB.Pool.Config().MaxConns {
		connection, err := shop.Deps.DB.Pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, connection)
	}
	wantTryAgain(t, shop.Anyone().Get("/api/catalog/products"))
	for _, connection := range taken {
		connection.Release()
	}
	shop.Anyone().Get("/api/catalog/products").Want(http.StatusOK)
}

// nobody is an address that nobody listens on, nor will by chance.
const nobody = "127.0.0.1:1"

func TestWithoutPostgresTheAnswerIsTryAgain(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, func(deps *api.Deps) {
		away, err := store.OpenForRequests(t.Context(), settings.Database{
			URL: "postgres://mercado@" + nobody + "/mercado", MaxConns: 4,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(away.Close)
		deps.DB = away
	})
	for _, path := range []string{"/api/catalog/products", "/api/catalog/products/1", "/api/orders", "/api/cart"} {
		wantTryAgain(t, shop.As(auth.Principal{CustomerID: 1, Roles: auth.Roles}).Get(path))
	}
	wantTryAgain(t, shop.Anyone().Post("/api/identity/token", map[string]string{"username": "a@example.com", "password": "x"}))
}

// TestAConnectionThatIsCutIsTryAgain ends every connection of the shop, as a restart of Postgres
// does. Which request meets it is not known: none may call it a fault of ours.
func TestAConnectionThatIsCutIsTryAgain(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	asking, stop := context.WithCancel(t.Context())
	var asked sync.WaitGroup
	for range 4 {
		asked.Go(func() {
			for asking.Err() == nil {
				if answer := shop.Anyone().Get("/api/catalog/products"); answer.Status != http.StatusOK {
					wantTryAgain(t, answer)
				}
			}
		})
	}
	operator, err := store.Open(t.Context(), shop.World.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Close()
	const cut = `
		select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`
	for range 20 {
		if _, err := operator.Pool.Exec(t.Context(), cut); err != nil {
			t.Error(err)
		}
	}
	stop()
	asked.Wait()
}

func TestWithoutTemporalAWebhookIsSentAgain(t *testing.T) {
	t.Parallel()
	const secret = "what the carrier signs with"
	shop := apitest.New(t, func(deps *api.Deps) {
		away, err := temporal.NewLazy(settings.Temporal{Address: nobody, Namespace: "default"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(away.Close)
		deps.Temporal, deps.Shop.WebhookSecret = away, secret
	})
	if _, err := shop.Deps.DB.Pool.Exec(t.Context(), `
		with placed as (
			insert into ordering.orders (id, customer_id, status, payment_method, subtotal, total_amount)
			values (gen_random_uuid(), 1, 'shipped', 'card', 5, 5)
			returning id
		)
		insert into ordering.shipments (id, order_id, vendor_id, status, tracking_number, amount, currency, packed_at, shipped_at)
		select gen_random_uuid(), id, 1, 'shipped', 'SBX1', 5, 'EUR', now() - interval '2 hours', now() - interval '1 hour' from placed`); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(shipping.Webhook{
		ID: "1", TrackingNumber: "SBX1", Tracking: shipping.Tracking{Status: shipping.Delivered, DeliveredAt: time.Now()},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTryAgain(t, shop.Anyone().Post("/api/webhooks/shipping", body,
		shipping.SignatureHeader, signature.Sign(secret, time.Now(), body)))
}

// Package workertest runs a whole shop on real servers for a test: the API, a worker, and the
// sandbox of payment provider and carrier.
package workertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/payment"
	"mercado/internal/sandbox"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
)

// Shop is an API whose orders are worked on, for one test.
type Shop struct {
	*apitest.Shop
	Sandbox    string // its address, as http://127.0.0.1:1234
	WorkerAddr string // where the worker tells its metrics, as 127.0.0.1:1234

	t testing.TB
}

// Limits are those of every shop of a test.
var Limits = settings.Limits{
	AuditEvery: never, ProviderSince: time.Hour, Pending: 15 * time.Minute, Transfer: 240 * time.Hour, Confirmed: 96 * time.Hour,
	Shipped: 504 * time.Hour, Refund: time.Hour, Payment: 15 * time.Minute, Webhook: 30 * time.Hour,
	Import: 15 * time.Minute,
}

// never is an interval of schedules that ends in no test: they count from 1970.
const never = 50 * 365 * 24 * time.Hour

// Webhooks lets the receivers of tests be on this machine.
var Webhooks = settings.Webhooks{AllowLoopback: true, DisableAfter: 120 * time.Hour, KeepAttempts: 720 * time.Hour}

// Option changes how a shop behaves before it starts.
type Option func(*options)

type options struct {
	shop    settings.Shop
	sandbox sandbox.Config
	worker  bool
	tracer  pgx.QueryTracer
	answer  func(*http.Response) error
	calls   grpc.UnaryClientInterceptor
	asks    func(request any)
}

// HoldTTL sets how long a cart keeps its stock.
func HoldTTL(ttl time.Duration) Option { return func(o *options) { o.shop.HoldTTL = ttl } }

// PaymentTimeout sets how long an answer of the provider is waited for.
func PaymentTimeout(timeout time.Duration) Option {
	return func(o *options) { o.shop.PaymentTimeout = timeout }
}

// ProviderAway has the payment provider answer nobody.
func ProviderAway() Option {
	return func(o *options) { o.shop.PaymentURL = "http://127.0.0.1:1" }
}

// Answers has the provider's answers to the shop pass answer, which may do something meanwhile. One for
// which it fails is lost.
func Answers(answer func(*http.Response) error) Option {
	return func(o *options) { o.answer = answer }
}

// SweepEvery has expired holds swept.
func SweepEvery(pause time.Duration) Option { return func(o *options) { o.shop.SweepEvery = pause } }

// KeepImports sets how long an import is kept after its end.
func KeepImports(keep time.Duration) Option { return func(o *options) { o.shop.KeepImports = keep } }

// PackAfter sets how long a shipment waits for its vendor.
func PackAfter(wait time.Duration) Option { return func(o *options) { o.shop.PackAfter = wait } }

// TransferPatience sets how long an order waits for its bank transfer.
func TransferPatience(patience time.Duration) Option {
	return func(o *options) { o.shop.TransferPatience = patience }
}

// LostPaymentWebhooks has the payment provider tell nobody: the shop must ask.
func LostPaymentWebhooks() Option {
	return func(o *options) { o.sandbox.PaymentURL = "http://127.0.0.1:1/nobody" }
}

// LostWebhooks has the carrier tell nobody: the shop must ask.
func LostWebhooks() Option {
	return func(o *options) {
		o.sandbox.WebhookURL = "http://127.0.0.1:1/nobody"
		o.shop.TrackEvery = 200 * time.Millisecond
	}
}

// TrackEvery sets how often the carrier is asked about a parcel.
func TrackEvery(pause time.Duration) Option { return func(o *options) { o.shop.TrackEvery = pause } }

// Observed shows tracer every statement of the API and of the checkouts that it hosts.
func Observed(tracer pgx.QueryTracer) Option { return func(o *options) { o.tracer = tracer } }

// Intercepted puts calls between Temporal and the API with the checkouts that it hosts.
func Intercepted(calls grpc.UnaryClientInterceptor) Option {
	return func(o *options) { o.calls = calls }
}

// Asks shows what the worker asks of Temporal, to asked, before it does.
func Asks(asked func(request any)) Option { return func(o *options) { o.asks = asked } }

// WithoutWorker leaves orders to the API process, and nobody to read events.
func WithoutWorker() Option { return func(o *options) { o.worker = false } }

// New starts a shop that lasts until the test ends.
func New(t testing.TB, change ...Option) *Shop {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	o := options{
		worker: true,
		shop: settings.Shop{
			HoldTTL: 15 * time.Minute, PackAfter: 50 * time.Millisecond, PaymentTimeout: 3 * time.Second,
			PaymentProvider: payment.SandboxName, TransferPatience: time.Minute,
			ShipAfter: time.Hour, ReturnWindow: time.Hour,
			TrackEvery: time.Minute, PaymentURL: address, CarrierURL: address, WebhookSecret: "a secret of the carrier",
		},
		sandbox: sandbox.Config{Slow: 300 * time.Millisecond, Transit: 100 * time.Millisecond, Late: 2 * time.Second},
	}
	for _, option := range change {
		option(&o)
	}
	if o.answer != nil {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: listener.Addr().String()})
		proxy.ModifyResponse = o.answer
		proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
		before := httptest.NewServer(proxy)
		t.Cleanup(before.Close)
		o.shop.PaymentURL = before.URL
	}
	shop := &Shop{
		Shop: apitest.New(t, func(deps *api.Deps) {
			deps.Shop, deps.Limits, deps.Webhooks = o.shop, Limits, Webhooks
			if o.tracer != nil {
				deps.DB = observed(t, deps.DB, o.tracer)
			}
			if o.calls != nil {
				deps.Temporal = intercepted(t, deps.Workflow, o.calls)
			}
		}),
		Sandbox: address, WorkerAddr: freeAddress(t), t: t,
	}
	o.sandbox.Folder = shop.World.Home + "/sandbox"
	o.sandbox.WebhookSecret = o.shop.WebhookSecret
	if o.sandbox.PaymentURL == "" {
		o.sandbox.PaymentURL = shop.URL + "/api/webhooks/payments"
	}
	if o.sandbox.WebhookURL == "" {
		o.sandbox.WebhookURL = shop.URL + "/api/webhooks/shipping"
	}
	box, err := sandbox.Open(o.sandbox)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	shop.run("sandbox", func(ctx context.Context) error { return box.Serve(ctx, listener) })
	shop.run("orders of the API", func(ctx context.Context) error {
		return worker.Host(ctx, shop.Deps.Temporal, shop.World.Temporal, worker.Orders(shop.Deps.DB, o.shop, shop.Deps.Board), nil)
	})
	var asking client.Client // nil: the worker's own
	if o.asks != nil {
		asking = intercepted(t, shop.World.Temporal, func(
			ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
		) error {
			o.asks(request)
			return invoke(ctx, method, request, reply, conn, options...)
		})
	}
	if o.worker {
		shop.run("worker", func(ctx context.Context) error {
			return worker.Run(ctx, worker.Config{
				Environment: settings.Environment{Mode: "development", Home: shop.World.Home},
				Database:    shop.World.Database, Warehouse: shop.World.Warehouse, ObjectStore: shop.World.ObjectStore,
				Temporal: shop.World.Temporal, Shop: o.shop, Worker: settings.Worker{Addr: shop.WorkerAddr},
				Limits: Limits, Webhooks: Webhooks, Client: asking,
				Lake:  settings.Lake{MemoryLimit: "256MiB", Threads: 1, MaskKey: "a key"},
				Daily: settings.Daily{At: time.Now().UTC().Add(12 * time.Hour).Format("15:04"), TimeZone: "UTC", Overlap: "queue", CatchUp: time.Hour},
				ETL:   settings.ETL{StepTries: 3}, Retention: settings.Retention{Runs: 90 * 24 * time.Hour, Versions: 30},
				Freshness: settings.Freshness{Warn: 36 * time.Hour, Error: 60 * time.Hour},
			})
		})
	}
	return shop
}

// For is the same shop, which fails another test: one fuzzed input of the shop's.
func (s *Shop) For(t testing.TB) *Shop {
	return &Shop{Shop: s.Shop.For(t), Sandbox: s.Sandbox, t: t}
}

// observed is another pool of connections to the same database.
func observed(t testing.TB, db *store.DB, tracer pgx.QueryTracer) *store.DB {
	t.Helper()
	config := db.Pool.Config()
	second, err := store.OpenObserved(t.Context(), settings.Database{URL: config.ConnString(), MaxConns: config.MaxConns}, tracer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	return second
}

// intercepted is another client of the same Temporal.
func intercepted(t testing.TB, at settings.Temporal, calls grpc.UnaryClientInterceptor) client.Client {
	t.Helper()
	options, err := temporal.Options(at)
	if err != nil {
		t.Fatal(err)
	}
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(calls))
	c, err := client.NewLazyClient(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// run does something until the test ends.
func (s *Shop) run(what string, do func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Errorf("%s: %v", what, err)
		}
	})
}

// NewProducts adds products at 10.00, 20.00, …, each of a vendor of its own, with stock.
func (s *Shop) NewProducts(count int, stock int64) []int64 {
	s.t.Helper()
	category := s.NewCategory(0)
	products := make([]int64, count)
	for i := range products {
		products[i] = s.NewProduct(s.NewVendor(), category, fmt.Sprintf("%d0.00", i+1), stock)
	}
	return products
}

// NewBuyer is a new customer, signed in.
func (s *Shop) NewBuyer() *Buyer {
	s.t.Helper()
	id, _ := s.NewCustomer()
	return &Buyer{Client: s.Customer(id), ID: id}
}

// NewBuyers are many customers, none of whom has a password to be hashed.
func (s *Shop) NewBuyers(count int) []*Buyer {
	s.t.Helper()
	rows, err := s.Deps.DB.Pool.Query(s.t.Context(), `
		insert into identity.customers (first_name, last_name, email)
		select 'Ana', 'Sousa', 'buyer-' || n || '-' || gen_random_uuid() || '@example.com'
		from generate_series(1, $1) as n
		returning id`, count)
	if err != nil {
		s.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		s.t.Fatal(err)
	}
	buyers := make([]*Buyer, len(ids))
	for i, id := range ids {
		buyers[i] = &Buyer{Client: s.Customer(id), ID: id}
	}
	return buyers
}

// Buyer is a customer who buys.
type Buyer struct {
	*apitest.Client
	ID int64
}

// Put puts qty of a product in the cart.
func (b *Buyer) Put(product, qty int64) *apitest.Answer {
	return b.Client.Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": qty})
}

// Buy checks the cart out with a card token under a key of its own.
func (b *Buyer) Buy(token string, headers ...string) *apitest.Answer {
	return b.BuyAgain(uuid.NewString(), token, headers...)
}

// BuyAgain checks the cart out under an idempotency key.
func (b *Buyer) BuyAgain(key, token string, headers ...string) *apitest.Answer {
	return b.Post("/api/checkout", CheckoutBody(token), append(headers, "Idempotency-Key", key)...)
}

// CheckoutBody is the body of a checkout by card.
func CheckoutBody(token string) map[string]any {
	return map[string]any{
		"payment_method":   map[string]any{"type": "card", "token": token},
		"shipping_address": map[string]any{"line1": "Rua Augusta 1", "city": "Lisboa", "country": "PT", "postal_code": "1100-048"},
	}
}

// Await waits until a condition holds, and fails the test when it does not in time.
func Await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain: %s", what)
		case <-again.C:
		}
	}
}

// AwaitStatus waits until an order has a status, and returns it.
func (s *Shop) AwaitStatus(id uuid.UUID, want order.Status) order.Document {
	s.t.Helper()
	var found order.Document
	s.t.Cleanup(func() {
		if found.Status != want {
			s.t.Logf("order %s is still %+v", id, found)
		}
	})
	Await(s.t, fmt.Sprintf("order %s to be %s", id, want), func() bool {
		found = apitest.Decode[order.Document](s.Admin().Get("/api/orders/" + id.String()).Want(http.StatusOK))
		return found.Status == want
	})
	return found
}

package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// TestKilledWhileItTakesAWebhook kills the API while it takes the message that the money of an order has
// arrived: before that is written down, when it is and nobody was told, and when the checkout was told
// and the message is not marked as taken. The provider sends it again, and it counts once.
func TestKilledWhileItTakesAWebhook(t *testing.T) {
	t.Parallel()
	const written = "select count(*) from ordering.payment_attempts where operation = 'receive'"
	const taken = "select count(*) from ordering.webhook_receipts where source = 'payments/sandbox' and handled_at is not null"
	for name, test := range map[string]struct {
		hold    string // where the message is made to wait; empty: nowhere
		cut     bool   // Temporal cannot be reached meanwhile
		waits   string // the statement that is killed as it waits; empty: none
		written int
	}{
		"before it is written down": {
			hold: "before insert on ordering.payment_attempts", waits: "take_payment_webhook", written: 0,
		},
		"before anybody was told": {cut: true, written: 1},
		"before it is marked as taken": {
			hold: "before update of handled_at on ordering.webhook_receipts", waits: "WebhookHandled", written: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var way gate
			shop := workertest.NewProcesses(t, "TEMPORAL_ADDRESS="+way.open(t))
			way.to(shop.World.Temporal.Address)
			product := shop.NewProducts(1, 10)[0]
			buyer := shop.NewBuyer()
			buyer.Put(product, 3).Want(http.StatusOK)
			placed := apitest.Decode[order.Document](buyBy(buyer, "bank_transfer", uuid.NewString()).Want(http.StatusAccepted))
			count := func(query string) (found int) {
				t.Helper()
				if err := shop.DB.Pool.QueryRow(t.Context(), query).Scan(&found); err != nil {
					t.Fatal(err)
				}
				return found
			}

			release := func() {}
			if test.hold != "" {
				release = waitAt(t, shop, test.hold+" for each row")
			}
			if test.cut {
				way.cut(true)
			}
			sendTransfer(t, shop, placed)
			if test.waits != "" {
				workertest.Await(t, "the API to wait", func() bool { return waiting(t, shop, "select pid", test.waits) > 0 })
			} else {
				workertest.Await(t, "it to be written down", func() bool { return count(written) == 1 })
			}
			shop.Kill("api")
			// Postgres still works for the dead.
			workertest.Await(t, "nobody to wait", func() bool {
				return test.waits == "" || waiting(t, shop, "select pg_terminate_backend(pid)", test.waits) == 0
			})
			if written, taken := count(written), count(taken); written != test.written || taken != 0 {
				t.Errorf("when it was killed, it had written down %d and taken %d", written, taken)
			}
			release()
			way.cut(false)

			shop.Start("api")
			operator := shop.Client("--role", "admin")
			workertest.Await(t, "the order to be delivered", func() bool {
				return apitest.Decode[order.Document](operator.Get(orderPath(placed.ID, "")).Want(http.StatusOK)).Status == order.Delivered
			})
			workertest.Await(t, "the message to be taken", func() bool { return count(taken) == 1 })
			var received, captured, total string
			var told int
			if err := shop.DB.Pool.QueryRow(t.Context(), `
				select
					transfer.received_amount::text, payment.captured_amount::text, payment.amount::text,
					(select count(*) from ordering.order_events where order_id = payment.order_id and type = 'payment.received')
				from ordering.payments as payment
				inner join ordering.bank_transfers as transfer on transfer.payment_id = payment.id`).Scan(&received, &captured, &total, &told); err != nil {
				t.Fatal(err)
			}
			if received != total || captured != total || told != 1 || count(written) != 1 {
				t.Errorf("of %s, %s were received and %s captured; it was told %d times and written down %d times",
					total, received, captured, told, count(written))
			}
			if stock := workertest.StockOf(t, shop.DB, product); stock.OnHand != 7 || stock.Reserved != 0 {
				t.Errorf("stock: %+v", stock)
			}
		})
	}
}

// sendTransfer has the money of an order arrive at the provider.
func sendTransfer(t *testing.T, shop *workertest.Processes, placed order.Document) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"reference": placed.ID, "amount": placed.TotalAmount})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(shop.Sandbox+"/transfers", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("the transfer was answered %s", answer.Status)
	}
}

// gate stands before a server, which cannot be reached while it is cut.
type gate struct {
	mu     sync.Mutex
	server string // empty: not known yet
	isCut  bool
	links  []net.Conn
	spoken chan struct{} // closed when the server may answer; nil: it always may
}

// mute keeps what the server answers until it is to speak.
func (g *gate) mute(t *testing.T) (speak func()) {
	g.spoken = make(chan struct{})
	speak = sync.OnceFunc(func() { close(g.spoken) })
	t.Cleanup(speak)
	return speak
}

// open listens until the test ends, and returns where.
func (g *gate) open(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = listener.Close()
		g.cut(true)
	})
	go func() {
		for {
			link, err := listener.Accept()
			if err != nil {
				return
			}
			g.pass(link)
		}
	}()
	return listener.Addr().String()
}

// to says where the server is.
func (g *gate) to(server string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.server = server
}

// cut ends all connections to the server and lets none begin, or lets them begin again.
func (g *gate) cut(off bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isCut = off
	for _, link := range g.links {
		_ = link.Close()
	}
	g.links = nil
}

func (g *gate) pass(link net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isCut || g.server == "" {
		_ = link.Close()
		return
	}
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", g.server)
	if err != nil {
		_ = link.Close()
		return
	}
	g.links = append(g.links, link, server)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go carry(server, link)
	go func() {
		if g.spoken != nil {
			<-g.spoken
		}
		carry(link, server)
	}()
}

package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/order"
	"mercado/internal/store"
)

// TestBuyersReserveAndReleaseLinearizably has customers with two devices each put a product into their
// carts, take it out, let it expire, buy it and cancel, all at the same time. What they were told must be what they
// would have been told one after the other, in some order that agrees with the clock.
func TestBuyersReserveAndReleaseLinearizably(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	missing := func() (never []string) {
		for _, often := range []string{
			"put ok", "put short", "put busy", "drop ok", "drop busy", "expire ok", "place ok", "place busy", "place empty",
			"reserve ok", "reserve short", "cancel ok", "confirm ok", "restock ok",
		} {
			if seen[often] == 0 {
				never = append(never, often)
			}
		}
		return never
	}
	for range 20 { // what buyers do is left to chance, until they have done everything
		told, err := buyAndRelease(t, func(*store.DB) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, operation := range told {
			seen[operation.Input.(asking).what+" "+operation.Output.(answering).said]++
		}
		if porcupine.CheckOperationsTimeout(shelf, told, 5*time.Minute) != porcupine.Ok {
			t.Fatalf("no order of the operations explains what the buyers were told: %v", seen)
		}
		if missing() == nil {
			return
		}
	}
	t.Errorf("nobody has come to %q: %v", missing(), seen)
}

// asking is what a buyer asks for, or what is done to their cart or order.
type asking struct {
	what  string
	buyer int
	qty   int64
}

// answering is what came of it: ok, short with what is free, busy, or empty.
type answering struct {
	said      string
	available int64
}

// buyers have two devices each, and all want the same few units.
const buyers, onShelf = 3, 6

// shelves is what the model knows: what is free of the product, and of each buyer what is in the cart,
// what of that is held, whether an order is made of it, and what that has reserved.
type shelves struct {
	free  int64
	carts [buyers]struct {
		line, held, reserved int64
		ordered              bool
	}
}

// shelf is a product of which one buyer is served at a time.
var shelf = porcupine.Model{
	Init: func() any { return shelves{free: onShelf} },
	Step: func(state, input, output any) (bool, any) {
		s, asked := state.(shelves), input.(asking)
		said := s.serve(asked)
		return said == output.(answering), s
	},
}

func (s *shelves) serve(asked asking) answering {
	cart := &s.carts[asked.buyer]
	// take gives the cart qty of what is free, in place of what it holds.
	take := func(qty int64) (short answering, fits bool) {
		if more := qty - cart.held; more > s.free {
			return answering{"short", s.free}, false
		}
		s.free -= qty - cart.held
		return answering{}, true
	}
	switch asked.what {
	case "put":
		if cart.ordered {
			return answering{said: "busy"}
		}
		if short, fits := take(asked.qty); !fits {
			return short
		}
		cart.line, cart.held = asked.qty, asked.qty
	case "drop":
		if cart.ordered {
			return answering{said: "busy"}
		}
		s.free += cart.held
		cart.line, cart.held = 0, 0
	case "expire":
		s.free += cart.held
		cart.held = 0
	case "place":
		switch {
		case cart.ordered:
			return answering{said: "busy"}
		case cart.line == 0:
			return answering{said: "empty"}
		}
		cart.ordered = true
	case "reserve":
		if short, fits := take(cart.line); !fits {
			return short
		}
		cart.reserved, cart.held = cart.line, 0
	case "cancel":
		if cart.reserved > 0 {
			cart.held, cart.reserved = cart.reserved, 0
		}
		cart.ordered = false
	case "confirm":
		cart.line, cart.reserved, cart.ordered = 0, 0, false
	case "restock":
		s.free += asked.qty
	}
	return answering{said: "ok"}
}

// device is where a buyer acts from.
type device struct {
	db       *store.DB
	buyer    int
	customer int64
	product  int64
	began    time.Time
	told     []porcupine.Operation
	failure  error // what nobody should be told
}

// buyAndRelease has buyers act on one product, after a change to the database, and returns what they asked and
// were told, and what nobody should have been told.
func buyAndRelease(t *testing.T, change func(*store.DB)) ([]porcupine.Operation, error) {
	t.Helper()
	const steps = 40
	db := open(t)
	change(db)
	product := anvil(t, db, onShelf)
	devices := make([]*device, 2*buyers)
	began := time.Now()
	var all sync.WaitGroup
	for buyer := range buyers {
		var customer int64
		if err := db.Pool.QueryRow(t.Context(), `
			insert into identity.customers (first_name, last_name, email) values ('Ana', 'Sousa', gen_random_uuid() || '@example.com')
			returning id`).Scan(&customer); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			devices[2*buyer+i] = &device{db: db, buyer: buyer, customer: customer, product: product, began: began}
		}
	}
	for _, d := range devices {
		all.Go(func() {
			for range steps {
				d.act(t.Context())
			}
		})
	}
	all.Wait()
	var told []porcupine.Operation
	var failures []error
	for i, d := range devices {
		for _, operation := range d.told {
			operation.ClientId = i
			told = append(told, operation)
		}
		failures = append(failures, d.failure)
	}
	return told, errors.Join(failures...)
}

// act does something at random.
func (d *device) act(ctx context.Context) {
	switch rand.IntN(8) {
	case 0:
		d.ask("drop", 0, func() error { _, err := d.db.DropCartItem(ctx, d.customer, d.product); return err })
	case 1:
		d.expire(ctx)
	case 2:
		d.buy(ctx)
	case 3:
		d.expire(ctx)
		d.buy(ctx)
	default:
		qty := 1 + rand.Int64N(4)
		d.ask("put", qty, func() error { _, err := d.db.PutCartItem(ctx, d.customer, d.product, qty, time.Hour); return err })
	}
}

// expire ends the hold of the cart. One that is being reserved is gone then, or was faster.
func (d *device) expire(ctx context.Context) {
	d.ask("expire", 0, func() error {
		_, err := d.db.Pool.Exec(ctx, `
			update catalog.holds set expires_at = clock_timestamp() - interval '1 second'
			where cart_id = (select id from ordering.carts where customer_id = $1 and status = 'open')`, d.customer)
		return err
	})
}

// buy places an order of what is in the cart, reserves what it needs, and cancels or confirms it.
func (d *device) buy(ctx context.Context) {
	id := uuid.Must(uuid.NewV7())
	if !d.ask("place", 0, func() error {
		_, err := d.db.PlaceOrder(ctx, store.Checkout{
			OrderID: id, PaymentID: uuid.New(), CustomerID: d.customer, Key: id.String(), RequestHash: []byte{1},
			PaymentMethod: "cash_on_delivery", PaymentProvider: "manual",
			ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
		})
		return err
	}) {
		return
	}
	reserved := d.ask("reserve", 0, func() error { _, err := d.db.ReserveOrder(ctx, id); return err })
	if !reserved || rand.IntN(2) == 0 {
		d.ask("cancel", 0, func() error {
			_, err := d.db.CancelOrder(ctx, store.Cancellation{
				OrderID: id, Reason: order.OutOfStock, Holds: time.Hour, Status: 409, Answer: struct{}{},
			})
			return err
		})
		return
	}
	d.ask("confirm", 0, func() error { _, err := d.db.ConfirmOrder(ctx, id); return err })
	var qty int64
	if err := d.db.Pool.QueryRow(ctx, "select sum(qty) from ordering.order_items where order_id = $1", id).Scan(&qty); err != nil {
		d.failure = errors.Join(d.failure, err)
	}
	d.ask("restock", qty, func() error {
		_, err := d.db.Pool.Exec(ctx, "select catalog.move_stock('restock', array[$1]::bigint[], array[$2]::bigint[], 'inventory', '')", d.product, qty)
		return err
	})
}

// ask keeps what was asked and what came of it, and says whether it was done. What must be tried again, as the
// saga does, is.
func (d *device) ask(what string, qty int64, do func() error) (done bool) {
	operation := porcupine.Operation{Input: asking{what, d.buyer, qty}, Call: int64(time.Since(d.began))}
	err := do()
	for range 100 {
		var again *pgconn.PgError
		if !errors.As(err, &again) || again.Code != "40001" {
			break
		}
		err = do()
	}
	operation.Return = int64(time.Since(d.began))
	var short *store.Shortage
	switch {
	case err == nil:
		operation.Output = answering{said: "ok"}
	case errors.As(err, &short):
		operation.Output = answering{"short", short.Available}
	case errors.Is(err, store.ErrCheckoutInProgress):
		operation.Output = answering{said: "busy"}
	case errors.Is(err, store.ErrCartEmpty):
		operation.Output = answering{said: "empty"}
	default:
		operation.Output = answering{said: err.Error()}
		d.failure = errors.Join(d.failure, err)
	}
	d.told = append(d.told, operation)
	return err == nil
}

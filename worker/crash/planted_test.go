package crash_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestVerdict sees what the verdict of a crash finds.
func TestVerdict(t *testing.T) {
	s := newStack(t)
	s.restart()
	t.Run("finds what is planted", func(t *testing.T) { findPlanted(t, s) })
	t.Run("names what is stuck", func(t *testing.T) { nameStuck(t, s) })
}

// findPlanted does to orders that ended well, behind the shop's back, what no crash may leave behind.
func findPlanted(t *testing.T, s *stack) {
	t.Helper()
	for _, plant := range []struct {
		what, in string
		do       func(*purchase)
		says     string
	}{
		{"a lost unit", "checkout_confirmed", func(p *purchase) {
			s.exec("update catalog.stock set on_hand = on_hand - 1 where product_id = any($1)", p.products)
		}, "the shelf has 2"},
		{"a unit that is sold twice", "checkout_confirmed", func(p *purchase) {
			s.exec(`
				insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
				values ($1, 'commit', -1, -1, 'order', $2)`, p.products[0], p.order.String())
		}, "the ledger says 3"},
		{"a unit that is kept for nobody", "checkout_declined", func(p *purchase) {
			s.exec(`
				insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
				values ($1, 'reserve', 0, 1, 'order', $2)`, p.products[0], p.order.String())
		}, "1 units are still reserved"},
		{"a second charge", "checkout_confirmed", func(p *purchase) {
			s.tellProvider("/payments/"+s.chargeAgain(p)+"/captures", map[string]any{"amount": "1.00"})
		}, "Captures:2"},
		{"money that is set aside for nothing", "checkout_declined", func(p *purchase) { s.chargeAgain(p) }, "the provider still holds the money"},
		{"a refund that nobody has asked for", "checkout_confirmed", func(p *purchase) {
			var payment uuid.UUID
			s.scan("select id from ordering.payments where order_id = $1", p.order, &payment)
			s.tellProvider("/payments/"+payment.String()+"/refunds", map[string]any{"amount": "1.00"})
		}, "Refunds:1"},
		{"something that happened twice", "checkout_declined", func(p *purchase) {
			s.exec("insert into ordering.order_events (order_id, type, data) select order_id, type, data from ordering.order_events where order_id = $1", p.order)
		}, "it happened twice: "},
		{"another answer", "checkout_declined", func(p *purchase) {
			s.exec("update ordering.idempotency_keys set response_status = 201, response = ordering.order_document(order_id) where order_id = $1", p.order)
		}, "asked again it is answered 201"},
		{"the answer to another order", "checkout_confirmed", func(p *purchase) {
			p.first = nil // whatever was answered first
			s.exec(`
				update ordering.idempotency_keys
				set response = (
					select ordering.order_document(id) || '{"status": "confirmed", "payment_status": "authorized", "shipments": []}'
					from ordering.orders where id <> $1 and status = 'delivered' limit 1
				)
				where order_id = $1`, p.order)
		}, "which is not the order"},
		{"an answer that follows the order", "checkout_confirmed", func(p *purchase) {
			p.first = nil
			s.exec("update ordering.idempotency_keys set response = ordering.order_document(order_id) where order_id = $1", p.order)
		}, "with an order that is delivered and completed"},
		{"an answer that has changed", "checkout_confirmed", func(p *purchase) {
			s.exec(`update ordering.idempotency_keys set response = response || '{"estimated_delivery": "2030-01-01T00:00:00Z"}' where order_id = $1`, p.order)
		}, "and was answered "},
		{"another refusal", "checkout_declined", func(p *purchase) {
			s.exec(`update ordering.idempotency_keys set response = '{"code": "payment_declined", "decline_code": "invalid_token"}' where order_id = $1`, p.order)
		}, "and was answered "},
		{"a refusal for another reason", "checkout_out_of_stock", func(p *purchase) {
			s.exec(`update ordering.idempotency_keys set response = '{"code": "cancelled_by_customer"}' where order_id = $1`, p.order)
		}, "it is refused with "},
		{"another end", "checkout_declined", func(p *purchase) {
			s.exec("update ordering.orders set cancel_reason = 'out_of_stock' where id = $1", p.order)
		}, `it was cancelled because of "out_of_stock"`},
	} {
		p := s.prepare(scenarios[plant.in])
		if err := s.place(p); err != nil {
			t.Fatal(err)
		}
		if err := s.judge(p); err != nil {
			t.Fatalf("before %s: %v", plant.what, err)
		}
		plant.do(p)
		if err := s.judge(p); err == nil || !strings.Contains(err.Error(), plant.says) {
			t.Errorf("%s is judged to be %v", plant.what, err)
		}
	}
}

// nameStuck keeps an order at a point, and looks for one where nobody comes to.
func nameStuck(t *testing.T, s *stack) {
	t.Helper()
	p := s.prepare(scenarios["checkout_confirmed"])
	at := point{"fulfilment_one_vendor", boundary{step{"activity", "Capture"}, before, 1}}
	trap := s.control.arm(at.boundary)
	if err := s.place(p); err != nil {
		t.Fatal(err)
	}
	<-trap.caught
	s.limit = time.Second
	kept := []outcome{{Point: at.String(), Victim: "api", Order: p.order.String(), purchase: p, back: time.Now()}}
	s.settle(kept)
	for _, named := range []string{
		at.String(), p.order.String(), "should be delivered", "is confirmed, payment authorized, shipments released",
		"fulfilment/" + p.order.String() + " runs", "Capture",
	} {
		if !strings.Contains(kept[0].String(), named) {
			t.Errorf("%q does not tell of %q", kept[0], named)
		}
	}
	if err := s.judge(p); err == nil || !strings.Contains(err.Error(), "is stuck") {
		t.Errorf("an order that has not ended is judged to be %v", err)
	}
	close(trap.release)
	s.limit = recoveryLimit
	if err := s.judge(p); err != nil {
		t.Errorf("the order that was let go: %v", err)
	}

	nowhere := point{"checkout_declined", boundary{step{"activity", "Nothing"}, before, 1}}
	if o := s.crash("worker", nowhere); !strings.Contains(o.Wrong, "no process has come to the point") {
		t.Errorf("a point that nobody comes to is %q", o.Wrong)
	}
}

func (s *stack) exec(statement string, arguments ...any) {
	s.t.Helper()
	if changed, err := s.db.Pool.Exec(s.t.Context(), statement, arguments...); err != nil || changed.RowsAffected() == 0 {
		s.t.Fatalf("%s: %v, %v", statement, changed, err)
	}
}

func (s *stack) scan(query string, argument, into any) {
	s.t.Helper()
	if err := s.db.Pool.QueryRow(s.t.Context(), query, argument).Scan(into); err != nil {
		s.t.Fatal(err)
	}
}

// chargeAgain has the provider set money aside for an order once more.
func (s *stack) chargeAgain(p *purchase) (reference string) {
	reference = uuid.NewString()
	s.tellProvider("/payments", map[string]any{
		"reference": reference, "order_reference": p.order, "method": "card", "token": "approve", "amount": "1.00", "currency": "EUR",
	})
	return reference
}

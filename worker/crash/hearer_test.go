package crash_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/worker/workertest"
)

// hearer takes the webhooks that a vendor is told of their sales by.
type hearer struct {
	address string

	mu    sync.Mutex
	heard map[string]string // orders by the id of the message
}

func newHearer(t testing.TB) *hearer {
	t.Helper()
	h := &hearer{heard: map[string]string{}}
	h.address = serveAside(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var told struct {
			ID   string
			Type string
			Data struct {
				OrderID uuid.UUID `json:"order_id"`
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.heard[told.ID] = told.Type + " " + told.Data.OrderID.String()
	}))
	return h
}

// listen has the vendor told when the order is sold.
func listen(s *stack, p *purchase) {
	s.t.Helper()
	p.heard = newHearer(s.t)
	s.unless("select false where $1::uuid is null", "an endpoint to be registered", p, func() (int, error) {
		status, _, err := s.send(s.vendor(p.vendors[0]), "/api/webhooks/endpoints", "", map[string]any{
			"url": p.heard.address, "event_types": []string{"order.confirmed"},
		})
		return status, err
	})
}

// heardOnce says what is wrong with what the vendor was told: a message may come twice, under one id.
func heardOnce(_ *stack, p *purchase) error {
	p.heard.mu.Lock()
	defer p.heard.mu.Unlock()
	for _, told := range p.heard.heard {
		if len(p.heard.heard) == 1 && told == "order.confirmed "+p.order.String() {
			return nil
		}
	}
	return fmt.Errorf("the vendor was told %v", p.heard.heard)
}

// toldOfBoth says what is wrong with what the provider has told of an order: that it was paid, and that
// the money was taken, each at least once.
func toldOfBoth(s *stack, p *purchase) error {
	var kinds int
	err := s.db.Pool.QueryRow(s.t.Context(), `
		select count(distinct payload ->> 'kind')
		from ordering.webhook_receipts
		where handled_at is not null and payload ->> 'reference' = (select id::text from ordering.payments where order_id = $1)`, p.order).
		Scan(&kinds)
	if err == nil && kinds != 2 {
		err = fmt.Errorf("the provider has told of %d things, and not of the authorisation and the capture", kinds)
	}
	return err
}

// sentBack says what is wrong where the provider has not sent back what has arrived.
func sentBack(s *stack, p *purchase) error {
	charges, err := workertest.ChargesOf(s.t.Context(), s.sandbox, p.order)
	if err == nil && charges.Counts.Refunds == 0 {
		err = fmt.Errorf("the money has not been sent back: the provider has done %+v", charges)
	}
	return err
}

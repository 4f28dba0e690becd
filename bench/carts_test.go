package main

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/audit"
	"mercado/internal/settings"
)

// TestCartsAreAsCustomersFillThem has the audit look at carts that were filled at once, and buys one.
func TestCartsAreAsCustomersFillThem(t *testing.T) {
	t.Parallel()
	p := newShop(t)
	for lines := 1; lines <= 2; lines++ {
		carts, err := p.newCarts(t.Context(), 20, lines)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := carts.fill(t.Context(), 50); err != nil {
				t.Fatal(err)
			}
			for range 30 {
				if err := p.transactions(carts)(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	id := uuid.New()
	if err := audit.Begin(t.Context(), p.db, id, audit.Command, ""); err != nil {
		t.Fatal(err)
	}
	limit := time.Hour
	report, err := audit.Run(t.Context(), p.db, id, settings.Limits{
		Pending: limit, Transfer: limit, Confirmed: limit, Shipped: limit, Refund: limit, Payment: limit, Webhook: limit,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		if result.Differences > 0 {
			t.Errorf("%s: %d differences: %+v", result.Name, result.Differences, result)
		}
	}
	var lines, carts int
	if err := p.db.Pool.QueryRow(t.Context(), `
		select (select count(*) from ordering.cart_items), (select count(*) from ordering.carts)`).Scan(&lines, &carts); err != nil {
		t.Fatal(err)
	}
	// Of each kind 50 were filled, 30 bought, and filled up to 50 again.
	if carts != 160 || lines != 240 {
		t.Errorf("%d carts with %d lines, want 160 with 240", carts, lines)
	}
}

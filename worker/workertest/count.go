package workertest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/store"
)

// Charges is what the payment provider says it has done for one order.
type Charges struct {
	Counts struct {
		Authorizations, Declines, Captures, Voids, Refunds, Transfers int
	}
	Captured money.Amount
	Refunded money.Amount
}

// Charges asks the provider itself.
func (s *Shop) Charges(orderID uuid.UUID) Charges {
	s.t.Helper()
	return AskCharges(s.t, s.Sandbox, orderID)
}

// AskCharges asks the provider at an address what it has done for an order.
func AskCharges(t testing.TB, address string, orderID uuid.UUID) Charges {
	t.Helper()
	told, err := ChargesOf(t.Context(), address, orderID)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// ChargesOf is AskCharges where there is more to be done when the provider does not answer.
func ChargesOf(ctx context.Context, address string, orderID uuid.UUID) (told Charges, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/payments?order_reference="+orderID.String(), nil)
	if err != nil {
		return told, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return told, err
	}
	defer func() { _ = response.Body.Close() }()
	return told, json.NewDecoder(response.Body).Decode(&told)
}

// Stock is the balance of a product, and what its ledger adds up to.
type Stock struct {
	OnHand, Reserved             int64
	LedgerOnHand, LedgerReserved int64
}

// Stock reads a product's balance and fails the test where the ledger says otherwise.
func (s *Shop) Stock(product int64) Stock {
	s.t.Helper()
	return StockOf(s.t, s.Deps.DB, product)
}

// StockOf is Shop.Stock for a test that has only the database.
func StockOf(t testing.TB, db *store.DB, product int64) Stock {
	t.Helper()
	var now Stock
	err := db.Pool.QueryRow(t.Context(), `
		select
			on_hand, reserved,
			(select coalesce(sum(on_hand_delta), 0)::bigint from catalog.stock_ledger where product_id = $1),
			(select coalesce(sum(reserved_delta), 0)::bigint from catalog.stock_ledger where product_id = $1)
		from catalog.stock
		where product_id = $1`, product).
		Scan(&now.OnHand, &now.Reserved, &now.LedgerOnHand, &now.LedgerReserved)
	if err != nil {
		t.Fatal(err)
	}
	if now.OnHand != now.LedgerOnHand || now.Reserved != now.LedgerReserved {
		t.Errorf("the ledger of product %d does not add up to its balance: %+v", product, now)
	}
	return now
}

// WantStock fails the test unless a product has exactly this stock.
func (s *Shop) WantStock(product, onHand, reserved int64) {
	s.t.Helper()
	if now := s.Stock(product); now.OnHand != onHand || now.Reserved != reserved {
		s.t.Errorf("product %d: %d on hand, %d reserved; want %d and %d", product, now.OnHand, now.Reserved, onHand, reserved)
	}
}

// Exec changes the database behind the shop's back.
func (s *Shop) Exec(sql string, arguments ...any) {
	s.t.Helper()
	if _, err := s.Deps.DB.Pool.Exec(s.t.Context(), sql, arguments...); err != nil {
		s.t.Fatal(err)
	}
}

func get(t testing.TB, url string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return http.DefaultClient.Do(request)
}

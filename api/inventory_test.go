package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"mercado/api/apitest"
)

// ledgerSums reads what the ledger says the balance is, and the balance.
func ledgerSums(t *testing.T, shop *apitest.Shop, product int64) (ledger, onHand int64) {
	t.Helper()
	err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select (select coalesce(sum(on_hand_delta), 0)::bigint from catalog.stock_ledger where product_id = $1), on_hand
		from catalog.stock
		where product_id = $1`, product).Scan(&ledger, &onHand)
	if err != nil {
		t.Fatal(err)
	}
	return ledger, onHand
}

func TestInventoryMovesAreInTheLedger(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 10)
	path := fmt.Sprintf("/api/catalog/products/%d/inventory", product)
	type row struct {
		Kind      string `json:"kind"`
		Delta     int64  `json:"on_hand_delta"`
		Reason    string `json:"reason"`
		Reference string `json:"reference"`
	}
	for _, move := range []struct {
		delta  int64
		reason string
		want   row
	}{
		{5, "restock", row{"restock", 5, "restock", "note 1"}},
		{-3, "shrinkage", row{"adjustment", -3, "shrinkage", "note 1"}},
		{-2, "adjustment", row{"adjustment", -2, "adjustment", "note 1"}},
		{2, "adjustment", row{"adjustment", 2, "adjustment", "note 1"}},
	} {
		got := apitest.Decode[row](shop.Admin().Post(path, map[string]any{
			"delta": move.delta, "reason": move.reason, "reference": "note 1",
		}).Want(http.StatusCreated))
		if got != move.want {
			t.Errorf("%d %s: %+v", move.delta, move.reason, got)
		}
	}
	for _, wrong := range []map[string]any{
		{"delta": 0, "reason": "adjustment"}, {"delta": -1, "reason": "restock"}, {"delta": 1, "reason": "shrinkage"},
		{"delta": 1, "reason": "stolen"}, {"delta": 1}, {"delta": 1.5, "reason": "restock"}, {"delta": "1", "reason": "restock"},
	} {
		shop.Admin().Post(path, wrong).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	shop.Admin().Post("/api/catalog/products/999999/inventory", map[string]any{"delta": 1, "reason": "restock"}).
		WantProblem(http.StatusNotFound, "not_found")
	if ledger, onHand := ledgerSums(t, shop, product); ledger != 12 || onHand != 12 {
		t.Errorf("ledger %d, balance %d, want 12", ledger, onHand)
	}
}

func TestStockIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 5)
	path := fmt.Sprintf("/api/catalog/products/%d/inventory", product)
	var done sync.WaitGroup
	answers := make([]*apitest.Answer, 12)
	for i := range answers {
		done.Go(func() { answers[i] = shop.Admin().Post(path, map[string]any{"delta": -1, "reason": "shrinkage"}) })
	}
	done.Wait()
	taken := 0
	for _, answer := range answers {
		if answer.Status == http.StatusCreated {
			taken++
		} else {
			answer.WantProblem(http.StatusConflict, "insufficient_stock")
		}
	}
	if ledger, onHand := ledgerSums(t, shop, product); taken != 5 || ledger != 0 || onHand != 0 {
		t.Errorf("taken %d, ledger %d, balance %d", taken, ledger, onHand)
	}
}

package worker_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mercado/api/apitest"
	"mercado/worker/workertest"
)

type balance struct {
	OnHand    int64 `json:"on_hand"`
	Reserved  int64 `json:"reserved"`
	Available int64 `json:"available"`
}

// TestSweeperAndBuyersSayTheSameOfExpiredHolds has some holds released by the schedule and some by who buys: for
// stock, ledger and every reader it makes no difference which.
func TestSweeperAndBuyersSayTheSameOfExpiredHolds(t *testing.T) {
	t.Parallel()
	histories := map[bool]string{}
	for _, swept := range []bool{true, false} {
		options := []workertest.Option{}
		if swept {
			options = append(options, workertest.SweepEvery(time.Second))
		}
		shop := workertest.New(t, options...)
		product := shop.NewProducts(1, 10)[0]
		inventory := fmt.Sprintf("/api/catalog/products/%d/inventory", product)
		for range 3 {
			shop.NewBuyer().Put(product, 3).Want(http.StatusOK)
		}
		shop.Exec("update catalog.holds set expires_at = now() - interval '1 second'")
		// Free at once, whoever releases it.
		if now := apitest.Decode[balance](shop.Admin().Get(inventory).Want(http.StatusOK)); now != (balance{10, 0, 10}) {
			t.Errorf("swept %v: at once %+v", swept, now)
		}
		if swept {
			workertest.Await(t, "the sweeper to release the holds", func() bool { return shop.Stock(product).Reserved == 0 })
		} else {
			shop.NewBuyer().Put(product, 10).Want(http.StatusOK)
			shop.WantStock(product, 10, 10)
		}
		var history string
		err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			select string_agg(concat_ws(' ', l.kind, l.reserved_delta, l.reason, l.occurred_at < now() - interval '500 milliseconds'), ', ' order by l.id)
			from catalog.stock_ledger as l
			where l.product_id = $1 and l.kind = 'release'`, product).Scan(&history)
		if err != nil {
			t.Fatal(err)
		}
		histories[swept] = history
		var holds int
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.holds where expires_at <= now()").Scan(&holds); err != nil || holds != 0 {
			t.Errorf("swept %v: %d expired holds are left, %v", swept, holds, err)
		}
	}
	if histories[true] != histories[false] || histories[true] == "" {
		t.Errorf("the ledger says\n%s\nwhere the sweeper has released, and\n%s\nwhere a buyer has", histories[true], histories[false])
	}
}

// TestSweeperPassesOverWhatSomebodyWorksOn has the stock of one product locked.
func TestSweeperPassesOverWhatSomebodyWorksOn(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	products := shop.NewProducts(2, 10)
	for _, product := range products {
		shop.NewBuyer().Put(product, 3).Want(http.StatusOK)
	}
	shop.Exec("update catalog.holds set expires_at = now() - interval '1 second'")
	tx, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select from catalog.stock where product_id = $1 for update", products[0]); err != nil {
		t.Fatal(err)
	}
	for want := range []int64{1, 0} {
		if released, err := shop.Deps.DB.SweepHolds(t.Context(), 100); err != nil || released != int64(1-want) {
			t.Errorf("released %d, %v", released, err)
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if released, err := shop.Deps.DB.SweepHolds(t.Context(), 100); err != nil || released != 1 {
		t.Errorf("then released %d, %v", released, err)
	}
	shop.WantStock(products[0], 10, 0)
	shop.WantStock(products[1], 10, 0)
}

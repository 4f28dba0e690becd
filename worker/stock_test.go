package worker_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// TestLastUnitsAreSoldOnce lets 100 customers buy the last 10 units, all at once.
func TestLastUnitsAreSoldOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyers := shop.NewBuyers(100)
	var sold, held atomic.Int64
	var buying sync.WaitGroup
	for _, buyer := range buyers {
		buying.Go(func() {
			answer := buyer.Put(product, 1)
			if answer.Status == http.StatusConflict {
				answer.WantProblem(http.StatusConflict, "out_of_stock")
				return
			}
			held.Add(1)
			answer.Want(http.StatusOK)
			buyer.Buy("approve").Want(http.StatusCreated)
			sold.Add(1)
		})
	}
	buying.Wait()
	if sold.Load() != 10 || held.Load() != 10 {
		t.Errorf("%d held, %d sold of 10", held.Load(), sold.Load())
	}
	shop.WantStock(product, 0, 0)
}

// TestExpiredHoldsAreBoughtOnce has 40 carts whose holds are all gone compete for what they held.
func TestExpiredHoldsAreBoughtOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 40)
	buyers := shop.NewBuyers(40)
	for i := range buyers {
		// Half of them in the other order: locks must not depend on it.
		buyers[i].Put(products[i%2], 1).Want(http.StatusOK)
		buyers[i].Put(products[1-i%2], 1).Want(http.StatusOK)
	}
	expireHolds(shop)
	// Meanwhile all but 10 units are lost.
	for _, product := range products {
		shop.Admin().Post(fmt.Sprintf("/api/catalog/products/%d/inventory", product), map[string]any{"delta": -30, "reason": "shrinkage"}).
			Want(http.StatusCreated)
	}
	var sold atomic.Int64
	var buying sync.WaitGroup
	for _, buyer := range buyers {
		buying.Go(func() {
			if answer := buyer.Buy("approve"); answer.Status == http.StatusCreated {
				sold.Add(1)
			} else {
				answer.WantProblem(http.StatusConflict, "out_of_stock")
			}
		})
	}
	buying.Wait()
	if sold.Load() != 10 {
		t.Errorf("%d sold of 10", sold.Load())
	}
	for _, product := range products {
		shop.WantStock(product, 0, 0)
	}
}

func TestExpiredHoldIsFreeStockAtOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.HoldTTL(time.Hour))
	product := shop.NewProducts(1, 5)[0]
	slow, quick := shop.NewBuyer(), shop.NewBuyer()
	slow.Put(product, 5).Want(http.StatusOK)
	quick.Put(product, 1).WantProblem(http.StatusConflict, "out_of_stock")
	expireHolds(shop)

	cart := apitest.Decode[order.Cart](slow.Get("/api/cart").Want(http.StatusOK))
	if len(cart.Items) != 1 || cart.Items[0].Hold != "expired" || cart.ExpiresAt != nil {
		t.Errorf("the cart shows %+v", cart)
	}
	quick.Put(product, 3).Want(http.StatusOK)
	shop.WantStock(product, 5, 3)
	// The release counts from the expiry, not from when somebody noticed.
	var dated bool
	err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select occurred_at < now() - interval '30 seconds' from catalog.stock_ledger
		where product_id = $1 and kind = 'release'`, product).Scan(&dated)
	if err != nil || !dated {
		t.Errorf("the release is dated when it was noticed: %v, %v", dated, err)
	}
	// What is left is not enough for the one who was slow: the order is cancelled, the cart stays.
	slow.Buy("approve").WantProblem(http.StatusConflict, "out_of_stock")
	cancelled := apitest.Decode[orders](slow.Get("/api/orders").Want(http.StatusOK)).Items[0]
	if cancelled.Status != order.Cancelled || *cancelled.CancelReason != string(order.OutOfStock) {
		t.Errorf("the order is %+v", cancelled)
	}
	if charges := shop.Charges(cancelled.ID); charges.Counts.Authorizations != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	// With less, it is bought although its hold has long expired.
	slow.Put(product, 2).Want(http.StatusOK)
	expireHolds(shop)
	slow.Buy("approve").Want(http.StatusCreated)
	quick.Buy("approve").Want(http.StatusCreated)
	shop.WantStock(product, 0, 0)
}

func TestCartHoldsWhatItShows(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	products := shop.NewProducts(2, 10)
	buyer := shop.NewBuyer()
	for _, qty := range []int64{3, 7, 7, 1} {
		buyer.Put(products[0], qty).Want(http.StatusOK)
		shop.WantStock(products[0], 10, qty)
	}
	buyer.Put(products[1], 4).Want(http.StatusOK)
	buyer.Delete(fmt.Sprintf("/api/cart/items/%d", products[0])).Want(http.StatusOK)
	shop.WantStock(products[0], 10, 0)
	shop.WantStock(products[1], 10, 4)
	buyer.Put(products[1], 11).WantProblem(http.StatusConflict, "out_of_stock")
	shop.WantStock(products[1], 10, 4)
	if cart := apitest.Decode[order.Cart](buyer.Delete("/api/cart").Want(http.StatusOK)); len(cart.Items) != 0 || cart.TotalAmount != 0 {
		t.Errorf("the emptied cart is %+v", cart)
	}
	shop.WantStock(products[1], 10, 0)
}

// expireHolds lets a minute pass since every hold has ended.
func expireHolds(shop *workertest.Shop) {
	shop.Exec("update catalog.holds set expires_at = now() - interval '1 minute'")
}

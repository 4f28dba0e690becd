package worker_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// This many customers want one unit each of what only so many have.
const crowd, lastUnits = 500, 100

// TestCrowdBuysWhatThereIs lets 500 customers check out at once for the last 100 units: 100 get
// one, 400 are told that it is out of stock, and the ledger knows where every unit went.
//
// A crowd is more than the servers that tests share take in good time with others beside it: the
// two tests of it run alone.
func TestCrowdBuysWhatThereIs(t *testing.T) {
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := crowded(shop)
	sold, refused := rush(t, shop, product)
	if sold != lastUnits || refused != crowd-lastUnits {
		t.Errorf("%d of %d units sold, %d customers refused", sold, lastUnits, refused)
	}
	shop.WantStock(product, 0, 0)
	var committed, charged int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
		select
			(select count(*) from catalog.stock_ledger where product_id = $1 and kind = 'commit' and on_hand_delta = -1),
			(select count(*) from ordering.payments where status = 'authorized')`, product).Scan(&committed, &charged); err != nil {
		t.Fatal(err)
	}
	if committed != lastUnits || charged != lastUnits {
		t.Errorf("the ledger has %d sales, and %d payments are authorised", committed, charged)
	}
}

// TestCrowdOversellsNaiveStock is the control of TestCrowdBuysWhatThereIs: with stock that is read
// and then written, the same crowd is sold more than there is, so that test is able to fail.
func TestCrowdOversellsNaiveStock(t *testing.T) {
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := crowded(shop)
	naive, err := os.ReadFile("../internal/store/testdata/naive_stock.sql")
	if err != nil {
		t.Fatal(err)
	}
	shop.Exec(string(naive))
	if sold, refused := rush(t, shop, product); sold <= lastUnits {
		t.Errorf("%d of %d units sold, %d customers refused: the crowd is no test", sold, lastUnits, refused)
	}
}

// crowded is a product with the last units.
func crowded(shop *workertest.Shop) (product int64) { return shop.NewProducts(1, crowd)[0] }

// rush has the crowd check out carts whose holds have all expired, all at once, when there are
// only so many units left. It counts those who got one and those who were told that there is none.
func rush(t *testing.T, shop *workertest.Shop, product int64) (sold, refused int64) {
	t.Helper()
	buyers := shop.NewBuyers(crowd)
	all := func(do func(i int, buyer *workertest.Buyer)) {
		var busy sync.WaitGroup
		for i, buyer := range buyers {
			busy.Go(func() { do(i, buyer) })
		}
		busy.Wait()
	}
	var filling errgroup.Group // not all at once: it is the checkouts that are to be a crowd
	filling.SetLimit(8)
	for _, buyer := range buyers {
		filling.Go(func() error {
			buyer.Put(product, 1).Want(http.StatusOK)
			return nil
		})
	}
	_ = filling.Wait()
	expireHolds(shop)
	shop.Exec("select catalog.release_holds(array[$1]::bigint[])", product)
	shop.Admin().Post(fmt.Sprintf("/api/catalog/products/%d/inventory", product),
		map[string]any{"delta": lastUnits - crowd, "reason": "shrinkage"}).Want(http.StatusCreated)
	orders := func(status order.Status) (found int64) {
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from ordering.orders where status = $1", status).Scan(&found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	// Whoever is told that it takes longer, or to try again, asks again under the same key once it is over.
	answers, keys := make([]*apitest.Answer, crowd), make([]string, crowd)
	all(func(i int, buyer *workertest.Buyer) {
		keys[i] = uuid.NewString()
		answers[i] = buyer.BuyAgain(keys[i], "approve")
	})
	for again := 0; again < 10 && slices.ContainsFunc(answers, inFlight); again++ {
		for left := orders(order.Pending); left > 0; left = orders(order.Pending) {
			workertest.Await(t, "another checkout to end", func() bool { return orders(order.Pending) < left })
		}
		all(func(i int, buyer *workertest.Buyer) {
			if inFlight(answers[i]) {
				answers[i] = buyer.BuyAgain(keys[i], "approve")
			}
		})
	}
	for _, answer := range answers {
		if answer.Status == http.StatusCreated {
			sold++
			continue
		}
		answer.WantProblem(http.StatusConflict, "out_of_stock")
		refused++
	}
	if confirmed, cancelled := orders(order.Confirmed), orders(order.Cancelled); confirmed != sold || cancelled != refused {
		t.Errorf("%d orders are confirmed and %d cancelled, but %d and %d were told so", confirmed, cancelled, sold, refused)
	}
	return sold, refused
}

// inFlight reports whether an answer is not the last one: 202, idempotency_in_flight, or that a server
// is too busy.
func inFlight(answer *apitest.Answer) bool {
	switch answer.Status {
	case http.StatusAccepted:
		return true
	case http.StatusConflict, http.StatusServiceUnavailable:
		code := apitest.Decode[struct{ Code string }](answer).Code
		return code == "idempotency_in_flight" || code == "unavailable"
	default:
		return false
	}
}

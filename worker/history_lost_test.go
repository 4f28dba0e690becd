package worker_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// TestHistoriesOfOrdersWhoseMoneyIsGone is TestHistoriesOfOrders for those of which the provider has let go.
func TestHistoriesOfOrdersWhoseMoneyIsGone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	keep := func(name string, id uuid.UUID) {
		keepHistory(t, name, historyOf(t, shop, workflows.FulfilmentID(id), "", true))
	}

	_, whole := buy(shop, "approve", 1, shop.NewProducts(1, 10)[0])
	planned(t, shop, whole, 1)
	happen(t, shop, "/expirations", whole)
	shop.AwaitStatus(whole, order.Cancelled)
	keep("fulfilment_lost", whole)

	_, rest := buy(shop, "approve", 1, shop.NewProducts(2, 10)...)
	sent := planned(t, shop, rest, 2)[1]
	shop.Vendor(sent.VendorID).Post(shipmentPath(sent, "/ship"), nil).Want(http.StatusOK)
	workertest.Await(t, "a part to be captured", func() bool { return shop.Charges(rest).Counts.Captures == 1 })
	happen(t, shop, "/expirations", rest)
	shop.AwaitStatus(rest, order.Delivered)
	keep("fulfilment_lost_in_part", rest)
}

package worker_test

import (
	"net/http"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

func TestOrderGoesFromCartToDoor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	buyer := shop.NewBuyer()
	buyer.Put(products[0], 2).Want(http.StatusOK)
	cart := apitest.Decode[order.Cart](buyer.Put(products[1], 3).Want(http.StatusOK))
	if cart.TotalAmount != 8000 || cart.ExpiresAt == nil || len(cart.Items) != 2 {
		t.Errorf("cart: %+v", cart)
	}
	shop.WantStock(products[0], 10, 2)
	shop.WantStock(products[1], 10, 3)

	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	if placed.Status != order.Confirmed || placed.PaymentStatus != order.PaymentAuthorized || placed.TotalAmount != 8000 {
		t.Errorf("placed: %+v", placed)
	}
	shop.WantStock(products[0], 8, 0)
	shop.WantStock(products[1], 7, 0)

	delivered := shop.AwaitStatus(placed.ID, order.Delivered)
	if delivered.PaymentStatus != order.PaymentCompleted || delivered.ActualDelivery == nil || len(delivered.Shipments) != 2 {
		t.Errorf("delivered: %+v", delivered)
	}
	charges := shop.Charges(placed.ID)
	if charges.Counts.Authorizations != 1 || charges.Counts.Captures != 2 || charges.Captured != placed.TotalAmount {
		t.Errorf("the provider has done %+v", charges)
	}
	if after := apitest.Decode[order.Cart](buyer.Get("/api/cart").Want(http.StatusOK)); len(after.Items) != 0 || after.ID != nil {
		t.Errorf("the cart is still there: %+v", after)
	}
}

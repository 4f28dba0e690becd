package worker_test

import (
	"net/http"
	"sync"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

func TestSameKeyAndBodyGiveTheFirstAnswer(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	first := buyer.BuyAgain("the key", "approve").Want(http.StatusCreated)
	placed := apitest.Decode[order.Document](first)
	shop.AwaitStatus(placed.ID, order.Delivered)

	// The order has moved on, and the cart is gone; the answer is the same to the letter.
	again := buyer.BuyAgain("the key", "approve").Want(http.StatusCreated)
	if string(again.Body) != string(first.Body) || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("the first answer was\n%s\nthe second\n%s", first.Body, again.Body)
	}
	buyer.BuyAgain("the key", "decline").WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")
	buyer.Post("/api/checkout", workertest.CheckoutBody("approve")).WantProblem(http.StatusBadRequest, "idempotency_key_missing")

	// Another customer may use the same key.
	other := shop.NewBuyer()
	other.Put(product, 1).Want(http.StatusOK)
	other.BuyAgain("the key", "approve").Want(http.StatusCreated)
	shop.WantStock(product, 7, 0)

	// A refusal is given again as well.
	other.Put(product, 1).Want(http.StatusOK)
	other.BuyAgain("declined", "decline").WantProblem(http.StatusPaymentRequired, "payment_declined")
	other.BuyAgain("declined", "decline").WantProblem(http.StatusPaymentRequired, "payment_declined")
	if found := apitest.Decode[orders](other.Get("/api/orders").Want(http.StatusOK)).Items; len(found) != 2 {
		t.Errorf("there are %d orders, want the bought and the declined", len(found))
	}
}

func TestSameKeyAtOncePlacesOneOrder(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	answers := make(chan *apitest.Answer, 20)
	var asking sync.WaitGroup
	for range cap(answers) {
		asking.Go(func() { answers <- buyer.BuyAgain("the key", "slow") })
	}
	asking.Wait()
	close(answers)
	created, inFlight := 0, 0
	for answer := range answers {
		switch answer.Status {
		case http.StatusCreated:
			created++
		case http.StatusConflict:
			answer.WantProblem(http.StatusConflict, "idempotency_in_flight")
			if answer.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			inFlight++
		default:
			t.Errorf("answered %d: %s", answer.Status, answer.Body)
		}
	}
	if created == 0 || inFlight == 0 {
		t.Errorf("%d created, %d in flight; want some of both", created, inFlight)
	}
	if found := apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items; len(found) != 1 {
		t.Errorf("there are %d orders", len(found))
	}
	shop.WantStock(product, 9, 0)
}

package worker_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// TestQuestionIsPutOnceAndThenLookedUp loses the answer to an authorisation and to the look-up that
// follows. Whoever asks next, in the same process, asks what became of it before anything else.
func TestQuestionIsPutOnceAndThenLookedUp(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	shop := workertest.New(t, workertest.LostPaymentWebhooks(), workertest.WithoutWorker(),
		workertest.Answers(func(answer *http.Response) error {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, answer.Request.Method)
			if len(asked) <= 2 {
				return errors.New("the answer is lost")
			}
			return nil
		}))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	bought := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	mu.Lock()
	defer mu.Unlock()
	if want := []string{http.MethodPost, http.MethodGet, http.MethodGet}; !slices.Equal(asked, want) {
		t.Errorf("it asked the provider %q, want %q", asked, want)
	}
	if charges := shop.Charges(bought.ID); charges.Counts.Authorizations != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
}

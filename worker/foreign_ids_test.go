package worker_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// TestForeignIdsInBodiesAreAsUnknownOnes names what belongs to somebody else where an id is not in the path:
// the answer is that to an id that nothing has. Products, rows of imports and reviews have tests of their own.
func TestForeignIdsInBodiesAreAsUnknownOnes(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	vendor := shop.Vendor(vendors[0])
	buyer, mine := buy(shop, "approve", 2, products[0])
	other, _ := buy(shop, "approve", 1, products[1])
	shop.AwaitStatus(mine, order.Delivered)
	const nothings = 999_999_999

	for name, of := range map[string]struct {
		ask             func(id int64) *apitest.Answer
		own, foreign    int64
		ownStatus, want int
		code            string
	}{
		"an item of a sale": {
			func(id int64) *apitest.Answer {
				return vendor.Post("/api/sales", saleBody(buyer.ID, "counter", "cash", id), "Idempotency-Key", uuid.NewString())
			},
			products[0], products[1], http.StatusCreated, http.StatusConflict, "product_unavailable",
		},
		"the vendor of an import": {
			func(id int64) *apitest.Answer {
				return vendor.Post(fmt.Sprintf("/api/catalog/imports?vendor_id=%d", id), "sku\nA\n", "Content-Type", "text/csv")
			},
			vendors[0], vendors[1], http.StatusAccepted, http.StatusNotFound, "not_found",
		},
		"an item of a return": {
			func(id int64) *apitest.Answer {
				return buyer.Post(orderPath(mine, "/returns"), units(id, 1), "Idempotency-Key", uuid.NewString())
			},
			products[0], products[1], http.StatusCreated, http.StatusUnprocessableEntity, "not_in_order",
		},
		"an item of a refund": {
			func(id int64) *apitest.Answer {
				return shop.Admin().Post(orderPath(mine, "/refunds"), units(id, 1), "Idempotency-Key", uuid.NewString())
			},
			products[0], products[1], http.StatusCreated, http.StatusUnprocessableEntity, "not_in_order",
		},
	} {
		foreign := of.ask(of.foreign).WantProblem(of.want, of.code)
		unknown := of.ask(nothings).WantProblem(of.want, of.code)
		if foreign.Title != unknown.Title || len(foreign.Errors) != len(unknown.Errors) {
			t.Errorf("%s: another's is answered %+v, an unknown one %+v", name, foreign, unknown)
		}
		if answer := of.ask(of.own); answer.Status != of.ownStatus {
			t.Errorf("%s: one's own is answered %d %s", name, answer.Status, answer.Body)
		}
	}
	// Nor does anybody else read or send back what was bought.
	other.Get(orderPath(mine, "")).WantProblem(http.StatusNotFound, "not_found")
	other.Post(orderPath(mine, "/returns"), units(products[0], 1), "Idempotency-Key", uuid.NewString()).WantProblem(http.StatusNotFound, "not_found")
}

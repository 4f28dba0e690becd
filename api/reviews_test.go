package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/worker/workertest"
)

type reviewed struct {
	ID         int64   `json:"id"`
	OrderID    *string `json:"order_id"`
	Rating     int     `json:"rating"`
	Verified   bool    `json:"is_verified_purchase"`
	Helpful    int     `json:"helpful_votes"`
	Votes      int     `json:"total_votes"`
	Comment    string  `json:"comment"`
	CustomerID int64   `json:"customer_id"`
}

type rated struct {
	Average *float64 `json:"rating_average"`
	Count   int      `json:"rating_count"`
}

func wantRating(t *testing.T, shop *apitest.Shop, product int64, average float64, count int) {
	t.Helper()
	got := apitest.Decode[rated](shop.Anyone().Get(fmt.Sprintf("/api/catalog/products/%d", product)).Want(http.StatusOK))
	if got.Count != count || (count > 0) != (got.Average != nil) || (got.Average != nil && *got.Average != average) {
		t.Errorf("product %d is rated %v, want %v by %d", product, got, average, count)
	}
}

func TestReviewIsVerifiedByAnOrderThatWasSold(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	buyer, other := shop.NewBuyer(), shop.NewBuyer()
	path := fmt.Sprintf("/api/catalog/products/%d/reviews", products[0])
	place := func(buyer *workertest.Buyer, product int64, token string) string {
		buyer.Put(product, 1).Want(http.StatusOK)
		answer := buyer.Buy(token)
		if token == "approve" {
			return apitest.Decode[struct{ ID string }](answer.Want(http.StatusCreated)).ID
		}
		answer.WantProblem(http.StatusPaymentRequired, "payment_declined")
		buyer.Delete("/api/cart").Want(http.StatusOK)
		return apitest.Decode[struct{ Items []struct{ ID string } }](buyer.Get("/api/orders").Want(http.StatusOK)).Items[0].ID
	}
	declined := place(buyer, products[0], "decline")
	elsewhere := place(buyer, products[1], "approve")
	others := place(other, products[0], "approve")
	for _, order := range []string{declined, elsewhere, others, uuid.NewString()} {
		buyer.Post(path, map[string]any{"rating": 5, "order_id": order}).WantProblem(http.StatusUnprocessableEntity, "unknown_reference")
	}
	wantRating(t, shop.Shop, products[0], 0, 0)
	if got := apitest.Decode[reviewed](buyer.Post(path, map[string]any{"rating": 2}).Want(http.StatusCreated)); got.Verified || got.OrderID != nil {
		t.Errorf("not bought, and yet %+v", got)
	}
	got := apitest.Decode[reviewed](other.Post(path, map[string]any{"rating": 5}).Want(http.StatusCreated))
	if !got.Verified || got.OrderID == nil || *got.OrderID != others {
		t.Errorf("bought by %s, and yet %+v", others, got)
	}
	wantRating(t, shop.Shop, products[0], 3.5, 2)
	if seen := apitest.Decode[reviewed](shop.Anyone().Get(fmt.Sprintf("/api/catalog/reviews/%d", got.ID)).Want(http.StatusOK)); seen.OrderID != nil || !seen.Verified {
		t.Errorf("everybody sees %+v", seen)
	}
	if verified := walk(t, shop.Anyone(), path+"?verified=true", 1); !slices.Equal(verified, []int64{got.ID}) {
		t.Errorf("verified: %v", verified)
	}
}

// A cancellation that has begun is waited for: what it leaves is what counts.
func TestReviewDuringACancellationIsNotVerified(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 10)[0]
	review := func() *apitest.Answer {
		buyer := shop.NewBuyer()
		buyer.Put(product, 1).Want(http.StatusOK)
		buyer.Buy("approve").Want(http.StatusCreated)
		tx, err := shop.Deps.DB.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
		if _, err := tx.Exec(t.Context(), "update ordering.orders set status = 'cancelled', cancel_reason = 'customer' where customer_id = $1", buyer.ID); err != nil {
			t.Fatal(err)
		}
		written := make(chan *apitest.Answer, 1)
		go func() {
			written <- buyer.Post(fmt.Sprintf("/api/catalog/products/%d/reviews", product), map[string]any{"rating": 5})
		}()
		workertest.Await(t, "the review to wait for the order", func() bool {
			var waiting int
			err := shop.Deps.DB.Pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock' and query like '%catalog.reviews%'`).Scan(&waiting)
			return err == nil && waiting == 1 || len(written) == 1
		})
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return <-written
	}
	var answer *apitest.Answer
	workertest.Await(t, "a cancellation that is over before the review has given up", func() bool {
		answer = review()
		return answer.Status != http.StatusServiceUnavailable
	})
	if got := apitest.Decode[reviewed](answer.Want(http.StatusCreated)); got.Verified {
		t.Errorf("of a cancelled order: %+v", got)
	}
}

func TestOneReviewForEachCustomerAndProduct(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3)
	customer, _ := shop.NewCustomer()
	path := fmt.Sprintf("/api/catalog/products/%d/reviews", product)
	var made, refused int
	var lock sync.Mutex
	var writers sync.WaitGroup
	for range 10 {
		client := shop.Customer(customer)
		writers.Go(func() {
			status := client.Post(path, map[string]any{"rating": 4}).Status
			lock.Lock()
			defer lock.Unlock()
			switch status {
			case http.StatusCreated:
				made++
			case http.StatusConflict:
				refused++
			}
		})
	}
	writers.Wait()
	if made != 1 || refused != 9 {
		t.Errorf("%d were made, %d refused", made, refused)
	}
	wantRating(t, shop, product, 4, 1)
	shop.Customer(customer).Post(path, map[string]any{"rating": 4}).WantProblem(http.StatusConflict, "already_reviewed")
	shop.Customer(customer).Post("/api/catalog/products/999999/reviews", map[string]any{"rating": 4}).WantProblem(http.StatusNotFound, "not_found")
	shop.Anyone().Get("/api/catalog/products/999999/reviews").WantProblem(http.StatusNotFound, "not_found")
	for _, wrong := range []string{`{}`, `{"rating":0}`, `{"rating":6}`, `{"rating":1.5}`, `{"rating":"5"}`, `{"rating":5,"is_verified_purchase":true}`, `{"rating":5,"customer_id":1}`} {
		shop.Customer(customer).Post(path, wrong).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	shop.Customer(999999).Post(path, map[string]any{"rating": 4}).WantProblem(http.StatusForbidden, "customer_inactive")
}

func TestReviewsAreChangedByTheirAuthor(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3)
	author, _ := shop.NewCustomer()
	stranger, _ := shop.NewCustomer()
	path := fmt.Sprintf("/api/catalog/products/%d/reviews", product)
	made := shop.Customer(author).Post(path, map[string]any{"rating": 4, "title": " Good ", "comment": "Works"}).Want(http.StatusCreated)
	one := fmt.Sprintf("/api/catalog/reviews/%d", apitest.Decode[apitest.Made](made).ID)
	etag := shop.Customer(author).Get(one).Want(http.StatusOK).Header.Get("ETag")
	changed := shop.Customer(author).Patch(one, map[string]any{"rating": 2}, "If-Match", etag).Want(http.StatusOK)
	if !strings.Contains(string(changed.Body), `"title":"Good"`) || !strings.Contains(string(changed.Body), `"rating":2`) {
		t.Errorf("changed: %s", changed.Body)
	}
	wantRating(t, shop, product, 2, 1)
	shop.Customer(author).Patch(one, map[string]any{"rating": 5}, "If-Match", etag).WantProblem(http.StatusPreconditionFailed, "version_mismatch")
	shop.Customer(author).Do("DELETE", one, nil, "If-Match", etag).WantProblem(http.StatusPreconditionFailed, "version_mismatch")
	shop.Customer(stranger).Patch(one, map[string]any{"rating": 5}).WantProblem(http.StatusNotFound, "not_found")
	shop.Customer(stranger).Delete(one).WantProblem(http.StatusNotFound, "not_found")
	shop.Customer(author).Delete(one).Want(http.StatusNoContent)
	wantRating(t, shop, product, 0, 0)
	shop.Customer(author).Delete(one).WantProblem(http.StatusNotFound, "not_found")
	again := apitest.Decode[apitest.Made](shop.Customer(author).Post(path, map[string]any{"rating": 1}).Want(http.StatusCreated)).ID
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/reviews/%d", again)).Want(http.StatusNoContent)
}

func TestAVoteCountsOnce(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3)
	author, _ := shop.NewCustomer()
	made := shop.Customer(author).Post(fmt.Sprintf("/api/catalog/products/%d/reviews", product), map[string]any{"rating": 4}).Want(http.StatusCreated)
	vote := fmt.Sprintf("/api/catalog/reviews/%d/vote", apitest.Decode[apitest.Made](made).ID)
	want := func(answer *apitest.Answer, helpful, votes int) {
		t.Helper()
		if got := apitest.Decode[reviewed](answer.Want(http.StatusOK)); got.Helpful != helpful || got.Votes != votes {
			t.Errorf("%d of %d, want %d of %d", got.Helpful, got.Votes, helpful, votes)
		}
	}
	shop.Customer(author).Put(vote, map[string]any{"is_helpful": true}).WantProblem(http.StatusConflict, "own_review")
	voter, _ := shop.NewCustomer()
	client := shop.Customer(voter)
	want(client.Put(vote, map[string]any{"is_helpful": true}), 1, 1)
	want(client.Put(vote, map[string]any{"is_helpful": true}), 1, 1)
	want(client.Put(vote, map[string]any{"is_helpful": false}), 0, 1)
	want(client.Delete(vote), 0, 0)
	want(client.Delete(vote), 0, 0)
	var voters sync.WaitGroup
	for i := range 8 {
		id, _ := shop.NewCustomer()
		for range 3 {
			client := shop.Customer(id)
			voters.Go(func() { client.Put(vote, map[string]any{"is_helpful": i%2 == 0}).Want(http.StatusOK) })
		}
	}
	voters.Wait()
	want(client.Delete(vote), 4, 8)
	client.Put("/api/catalog/reviews/999999/vote", map[string]any{"is_helpful": true}).WantProblem(http.StatusNotFound, "not_found")
}

func TestReviewsAreListedInEveryOrder(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	product := shop.NewProduct(shop.NewVendor(), shop.NewCategory(0), "5.00", 3)
	path := fmt.Sprintf("/api/catalog/products/%d/reviews", product)
	for i := range 7 {
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), `
			insert into catalog.reviews (product_id, customer_id, rating, review_date, helpful_votes, total_votes)
			values ($1, $2::integer, 1 + $2::integer % 3, now() - make_interval(days => $2::integer % 4), $2::integer % 2, 1)`, product, i); err != nil {
			t.Fatal(err)
		}
	}
	for sort, less := range map[string]func(a, b reviewed) bool{
		"rating": func(a, b reviewed) bool { return a.Rating < b.Rating }, "-rating": func(a, b reviewed) bool { return a.Rating > b.Rating },
		"helpful": func(a, b reviewed) bool { return a.Helpful > b.Helpful }, "newest": func(a, b reviewed) bool { return a.CustomerID%4 < b.CustomerID%4 },
		"oldest": func(a, b reviewed) bool { return a.CustomerID%4 > b.CustomerID%4 },
	} {
		all := apitest.Decode[struct{ Items []reviewed }](shop.Anyone().Get(path + "?limit=100&sort=" + sort)).Items
		var ids []int64
		for i, review := range all {
			ids = append(ids, review.ID)
			if i > 0 && less(review, all[i-1]) {
				t.Errorf("by %s: %+v", sort, all)
			}
		}
		if got := walk(t, shop.Anyone(), path+"?sort="+sort, 2); len(got) != 7 || !slices.Equal(got, ids) {
			t.Errorf("by %s, page by page: %v, at once %v", sort, got, ids)
		}
	}
	if got := walk(t, shop.Anyone(), path+"?rating=2", 1); len(got) != 2 {
		t.Errorf("with two stars: %v", got)
	}
}

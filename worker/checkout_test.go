package worker_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/sandbox"
	"mercado/internal/store"
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
	if placed.Status != order.Confirmed || placed.PaymentStatus != order.PaymentAuthorized ||
		placed.Subtotal != 8000 || placed.TaxAmount != 1840 || placed.ShippingCost != 0 || placed.TotalAmount != 9840 {
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

func TestDeclinedCheckoutIsUndone(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	for _, token := range []string{"decline", "insufficient_funds", "no-such-token"} {
		buyer := shop.NewBuyer()
		buyer.Put(product, 4).Want(http.StatusOK)
		// A hold that would end soon: what the order had reserved must last longer.
		shop.Exec("update catalog.holds set expires_at = now() + interval '1 minute'")
		before := time.Now()
		buyer.Buy(token).WantProblem(http.StatusPaymentRequired, "payment_declined")

		cancelled := apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items[0]
		if cancelled.Status != order.Cancelled || cancelled.PaymentStatus != order.PaymentFailed ||
			cancelled.CancelReason == nil || *cancelled.CancelReason != string(order.PaymentDeclined) {
			t.Errorf("%s: %+v", token, cancelled)
		}
		charges := shop.Charges(cancelled.ID)
		if charges.Counts.Authorizations != 0 || charges.Counts.Declines != 1 || charges.Counts.Voids != 0 {
			t.Errorf("%s: the provider has done %+v", token, charges)
		}
		shop.WantStock(product, 10, 4)
		cart := apitest.Decode[order.Cart](buyer.Get("/api/cart").Want(http.StatusOK))
		if len(cart.Items) != 1 || cart.ExpiresAt == nil || cart.ExpiresAt.Before(before.Add(5*time.Minute)) {
			t.Errorf("%s: the cart is %+v", token, cart)
		}
		// The cart is as good as before: it can be bought.
		buyer.Buy("approve").Want(http.StatusCreated)
		shop.WantStock(product, 6, 0)
		shop.Exec("select catalog.move_stock('restock', array[$1::bigint], array[4::bigint], 'inventory', '')", product)
	}
}

func TestChargeWhoseAnswerWasLostIsFoundAndNotRepeated(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PaymentTimeout(time.Second), workertest.LostPaymentWebhooks())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyer.Buy("timeout_then_approved").Want(http.StatusCreated))
	if placed.Status != order.Confirmed {
		t.Errorf("the order is %s", placed.Status)
	}
	if charges := shop.Charges(placed.ID); charges.Counts.Authorizations != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
	attempts, err := shop.Deps.DB.PaymentAttempts(t.Context(), placed.ID)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, attempt := range attempts {
		told = append(told, attempt.Operation+" "+attempt.Outcome)
	}
	// Where the time is short, nobody has written down that the first outcome is unknown.
	approved := slices.Index(told, "authorize approved")
	if approved < 2 || told[0] != "authorize asked" || told[approved-1] != "lookup approved" {
		t.Errorf("the attempts are %q: it was not looked up before it was believed", told)
	}
}

// TestEveryTokenDoesWhatItSays buys with each token that the sandbox lists, and one that it does not.
func TestEveryTokenDoesWhatItSays(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	type meaning struct{ token, about string }
	meanings := []meaning{{"no such token", "declined: `invalid_token`"}}
	for _, token := range sandbox.Tokens {
		meanings = append(meanings, meaning{token.Token, token.About})
	}
	products := shop.NewProducts(len(meanings), 10)
	for i, m := range meanings {
		t.Run(m.token, func(t *testing.T) {
			t.Parallel()
			shop := shop.For(t)
			buyer := shop.NewBuyer()
			buyer.Put(products[i], 2).Want(http.StatusOK)
			if refusal, refused := strings.CutPrefix(m.about, "declined: "); refused {
				declined := buyer.Buy(m.token).WantProblem(http.StatusPaymentRequired, "payment_declined")
				if code := strings.Trim(refusal, "`"); len(declined.Errors) != 1 || declined.Errors[0].Message != code {
					t.Errorf("it was declined as %v, want %s", declined.Errors, code)
				}
				shop.WantStock(products[i], 10, 2) // the cart holds them
				return
			}
			if !strings.HasPrefix(m.about, "approved") {
				t.Fatalf("%q says neither that it is approved nor that it is declined", m.about)
			}
			sold := apitest.Decode[order.Document](buyer.Buy(m.token).Want(http.StatusCreated))
			if strings.Contains(m.about, "every capture is declined") {
				shop.AwaitStatus(sold.ID, order.Cancelled)
				shop.WantStock(products[i], 10, 0)
				return
			}
			shop.AwaitStatus(sold.ID, order.Delivered)
			shop.WantStock(products[i], 8, 0)
			if did := shop.Charges(sold.ID); did.Counts.Authorizations != 1 || did.Counts.Captures != 1 || did.Captured != sold.TotalAmount {
				t.Errorf("the provider has done %+v; the order costs %s", did, sold.TotalAmount)
			}
		})
	}
}

func TestCheckoutMayBeLeftToItself(t *testing.T) {
	t.Parallel()
	silent, speak := silence(t)
	shop := workertest.New(t, silent, workertest.LostPaymentWebhooks())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	answer := buyer.Buy("approve", "Prefer", "respond-async").Want(http.StatusAccepted)
	placed := apitest.Decode[order.Document](answer)
	if location := answer.Header.Get("Location"); location != "/api/orders/"+placed.ID.String() {
		t.Errorf("Location is %q", location)
	}
	// Until it has ended, the cart stays as it is.
	buyer.Put(product, 2).WantProblem(http.StatusConflict, "checkout_in_progress")
	buyer.Delete("/api/cart").WantProblem(http.StatusConflict, "checkout_in_progress")
	buyer.Buy("approve").WantProblem(http.StatusConflict, "checkout_in_progress")
	speak()
	shop.AwaitStatus(placed.ID, order.Delivered)
}

// silence has the provider do what it is asked, and answer nothing until it is to speak.
func silence(t *testing.T) (silent workertest.Option, speak func()) {
	spoken := make(chan struct{})
	return workertest.Answers(func(*http.Response) error {
		select {
		case <-spoken:
		case <-t.Context().Done():
		}
		return nil
	}), func() { close(spoken) }
}

func TestOrderPlacedByAProcessThatDiedIsCheckedOut(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	// What the API writes before it starts the saga, and no more.
	id := uuid.New()
	earlier, err := shop.Deps.DB.PlaceOrder(t.Context(), store.Checkout{
		OrderID: id, PaymentID: uuid.New(), CustomerID: buyer.ID, Key: "key", RequestHash: []byte("hash"),
		PaymentMethod: "card", PaymentProvider: "sandbox", PaymentToken: "approve",
		ShippingAddress: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT", PostalCode: "1100-048"},
	})
	if err != nil || earlier != nil {
		t.Fatal(earlier, err)
	}
	shop.AwaitStatus(id, order.Delivered)
	if charges := shop.Charges(id); charges.Counts.Authorizations != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
}

func TestPriceIsTheCataloguesAndItsChangeIsAccepted(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	shop.Exec("update catalog.products set price = 11.50 where id = $1", product)
	line := apitest.Decode[order.Cart](buyer.Get("/api/cart").Want(http.StatusOK)).Items[0]
	if !line.PriceChanged || line.UnitPrice != 1000 || line.CurrentPrice != 1150 {
		t.Errorf("the cart shows %+v", line)
	}
	buyer.Buy("approve").WantProblem(http.StatusConflict, "price_changed")
	if orders := apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items; len(orders) != 0 {
		t.Errorf("a refused checkout has left %+v", orders)
	}
	body := workertest.CheckoutBody("approve")
	body["accept_price_changes"] = true
	placed := apitest.Decode[order.Document](buyer.Post("/api/checkout", body, "Idempotency-Key", "key").Want(http.StatusCreated))
	if placed.Subtotal != 2300 || placed.Items[0].UnitPrice != 1150 {
		t.Errorf("sold at %+v", placed)
	}
}

type orders struct {
	Items      []order.Document `json:"items"`
	NextCursor *string          `json:"next_cursor"`
}

package worker_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/payment"
	"mercado/internal/signature"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// buyBy checks the cart out by a payment method without a token.
func buyBy(buyer *workertest.Buyer, method, key string) *apitest.Answer {
	body := workertest.CheckoutBody("")
	body["payment_method"] = map[string]any{"type": method}
	return buyer.Post("/api/checkout", body, "Idempotency-Key", key)
}

// awaitedTransfer is an order of one product at 10.00 that waits for its transfer.
func awaitedTransfer(t *testing.T, shop *workertest.Shop) (*workertest.Buyer, int64, order.Document) {
	t.Helper()
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := apitest.Decode[order.Document](buyBy(buyer, "bank_transfer", uuid.NewString()).Want(http.StatusAccepted))
	// The answer is the same, and does not tell where to, when the checkout takes longer than it is waited for.
	workertest.Await(t, "the customer to be told where to send the transfer", func() bool {
		if placed.PaymentInstructions == nil {
			placed = apitest.Decode[order.Document](buyer.Get(orderPath(placed.ID, "")).Want(http.StatusOK))
		}
		return placed.PaymentInstructions != nil
	})
	return buyer, product, placed
}

// arrive has money arrive at the provider.
func arrive(t *testing.T, shop *workertest.Shop, reference string, amount money.Amount) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"reference": reference, "amount": amount})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(shop.Sandbox+"/transfers", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("the transfer was answered %s", response.Status)
	}
}

// wantMoney waits until the provider has this much of an order's money, and fails where the ledger
// says otherwise.
func wantMoney(t *testing.T, shop *workertest.Shop, id uuid.UUID, captured, refunded money.Amount) {
	t.Helper()
	workertest.Await(t, "the provider to have "+captured.String()+" less "+refunded.String(), func() bool {
		told := shop.Charges(id)
		return told.Captured == captured && told.Refunded == refunded
	})
	workertest.Await(t, "the ledger to say the same", func() bool {
		var has money.Amount
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			select
				case when transfer.payment_id is null then captured_amount else received_amount end
				- refunded_amount - coalesce(sent_back_amount, 0)
			from ordering.payments as payment
			left join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
			where order_id = $1`, id).Scan(&has); err != nil {
			t.Fatal(err)
		}
		return has == captured-refunded
	})
}

func TestTransferInTimeSellsTheOrder(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]workertest.Option{
		"the provider tells":                      nil,
		"the provider tells nobody, and is asked": {workertest.LostPaymentWebhooks(), workertest.TransferPatience(2 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, options...)
			product := shop.NewProducts(1, 10)[0]
			buyer := shop.NewBuyer()
			buyer.Put(product, 1).Want(http.StatusOK)
			key := uuid.NewString()
			first := buyBy(buyer, "bank_transfer", key).Want(http.StatusAccepted)
			placed := apitest.Decode[order.Document](first)
			if placed.PaymentInstructions == nil { // the checkout takes longer than it was waited for
				workertest.Await(t, "the answer", func() bool {
					first = buyBy(buyer, "bank_transfer", key)
					return apitest.CodeOf(first) != "idempotency_in_flight"
				})
				placed = apitest.Decode[order.Document](first.Want(http.StatusAccepted))
			}
			to := placed.PaymentInstructions
			if placed.Status != order.Pending || placed.PaymentStatus != order.PaymentPending || to == nil ||
				to.IBAN == "" || to.Reference == "" || to.Amount != placed.TotalAmount || to.AwaitedUntil == nil {
				t.Fatalf("answered %s", first.Body)
			}
			shop.WantStock(product, 10, 1)

			// The customer goes on buying meanwhile; the double click gets the first answer.
			buyer.Put(product, 2).Want(http.StatusOK)
			buyer.Buy("approve").Want(http.StatusCreated)
			arrive(t, shop, to.Reference, placed.TotalAmount)
			sold := shop.AwaitStatus(placed.ID, order.Delivered)
			if sold.PaymentStatus != order.PaymentCompleted {
				t.Errorf("the payment is %s", sold.PaymentStatus)
			}
			if again := buyBy(buyer, "bank_transfer", key).Want(http.StatusAccepted); !bytes.Equal(again.Body, first.Body) {
				t.Errorf("answered %s and then %s", first.Body, again.Body)
			}
			wantMoney(t, shop, placed.ID, placed.TotalAmount, 0)
		})
	}
}

func TestTransferIsWaitedForUntilItIsWhole(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	_, _, placed := awaitedTransfer(t, shop)
	reference := placed.PaymentInstructions.Reference
	arrive(t, shop, reference, placed.TotalAmount-100)
	workertest.Await(t, "the ledger to know of the first part", func() bool {
		now := apitest.Decode[order.Document](shop.Admin().Get("/api/orders/" + placed.ID.String()).Want(http.StatusOK))
		return now.PaymentInstructions.ReceivedAmount == placed.TotalAmount-100 && now.Status == order.Pending
	})
	arrive(t, shop, reference, 150) // 0.50 too much
	shop.AwaitStatus(placed.ID, order.Delivered)
	wantMoney(t, shop, placed.ID, placed.TotalAmount+50, 50)

	// And once more, long after it was sold.
	arrive(t, shop, reference, placed.TotalAmount)
	wantMoney(t, shop, placed.ID, 2*placed.TotalAmount+50, placed.TotalAmount+50)
}

func TestTransferThatDoesNotComeReleasesTheStock(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.TransferPatience(1500*time.Millisecond))
	buyer, product, placed := awaitedTransfer(t, shop)
	arrive(t, shop, placed.PaymentInstructions.Reference, 100) // too little
	cancelled := shop.AwaitStatus(placed.ID, order.Cancelled)
	if cancelled.CancelReason == nil || *cancelled.CancelReason != string(order.TransferNotReceived) {
		t.Errorf("cancelled because %v", cancelled.CancelReason)
	}
	shop.WantStock(product, 10, 0)
	wantMoney(t, shop, placed.ID, 100, 100)

	// What comes too late goes back at once, and sells nothing.
	arrive(t, shop, placed.PaymentInstructions.Reference, placed.TotalAmount)
	wantMoney(t, shop, placed.ID, placed.TotalAmount+100, placed.TotalAmount+100)
	if now := shop.AwaitStatus(placed.ID, order.Cancelled); now.PaymentStatus != order.PaymentFailed {
		t.Errorf("the payment is %s", now.PaymentStatus)
	}
	buyer.Put(product, 10).Want(http.StatusOK)
}

// TestAnswerIsLearnedFromTheWebhook has a provider that answers nothing before the order is sold, whatever it
// is asked: only its webhook tells.
func TestAnswerIsLearnedFromTheWebhook(t *testing.T) {
	t.Parallel()
	silent, speak := silence(t)
	shop := workertest.New(t, silent)
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	bought := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated))
	if bought.Status != order.Confirmed || bought.PaymentStatus != order.PaymentAuthorized {
		t.Errorf("the order is %s and its payment %s", bought.Status, bought.PaymentStatus)
	}
	speak()
	shop.AwaitStatus(bought.ID, order.Delivered)
	if charges := shop.Charges(bought.ID); charges.Counts.Authorizations != 1 || charges.Counts.Captures != 1 {
		t.Errorf("the provider has done %+v", charges)
	}
}

func TestWebhooksTwiceLateAndOutOfOrderCountOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	for _, token := range []string{"webhook_twice", "webhook_late"} {
		buyer := shop.NewBuyer()
		buyer.Put(product, 1).Want(http.StatusOK)
		bought := apitest.Decode[order.Document](buyer.Buy(token).Want(http.StatusCreated))
		shop.AwaitStatus(bought.ID, order.Delivered)
		var kinds []string
		workertest.Await(t, "the webhooks of "+token, func() bool {
			if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
				select coalesce(array_agg(payload ->> 'kind' order by received_at), '{}')
				from ordering.webhook_receipts
				where handled_at is not null and payload ->> 'reference' = (
					select id::text from ordering.payments where order_id = $1
				)`, bought.ID).Scan(&kinds); err != nil {
				t.Fatal(err)
			}
			return len(kinds) == 2
		})
		if token == "webhook_late" && kinds[0] != "payment.captured" {
			t.Errorf("%s: told %q: not out of order", token, kinds)
		}
		wantMoney(t, shop, bought.ID, bought.TotalAmount, 0)
	}
}

// tellPayment sends a webhook as the sandbox would.
func tellPayment(shop *workertest.Shop, secret string, at time.Time, event any) *apitest.Answer {
	body, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return shop.Anyone().Post("/api/webhooks/payments", body,
		payment.SandboxSignature, signature.Sign(secret, at, body))
}

func TestPaymentWebhooksAreTakenOnce(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostPaymentWebhooks())
	secret := shop.Deps.Shop.WebhookSecret
	_, _, placed := awaitedTransfer(t, shop)
	var paymentID uuid.UUID
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.payments where order_id = $1", placed.ID).Scan(&paymentID); err != nil {
		t.Fatal(err)
	}
	event := payment.Event{
		ID: "evt_1", Kind: payment.EventReceived, Reference: paymentID.String(), Key: "transfer/trf_1", Amount: placed.TotalAmount,
	}
	tellPayment(shop, "not the secret", time.Now(), event).WantProblem(http.StatusUnauthorized, "invalid_signature")
	tellPayment(shop, secret, time.Now().Add(-10*time.Minute), event).WantProblem(http.StatusUnauthorized, "invalid_signature")
	tellPayment(shop, secret, time.Now(), payment.Event{}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	stranger := event
	stranger.ID, stranger.Reference = "evt_2", uuid.NewString()
	tellPayment(shop, secret, time.Now(), stranger).Want(http.StatusNoContent)
	large := event
	large.DeclineCode = strings.Repeat("x", 2<<20)
	tellPayment(shop, secret, time.Now(), large).WantProblem(http.StatusRequestEntityTooLarge, "body_too_large")
	shop.AwaitStatus(placed.ID, order.Pending)

	var telling sync.WaitGroup
	for range 8 {
		telling.Go(func() { tellPayment(shop, secret, time.Now(), event).Want(http.StatusNoContent) })
	}
	telling.Wait()
	again := event
	again.ID = "evt_3" // another message about the same money
	tellPayment(shop, secret, time.Now(), again).Want(http.StatusNoContent)
	sold := shop.AwaitStatus(placed.ID, order.Delivered)
	if sold.PaymentInstructions.ReceivedAmount != placed.TotalAmount || sold.PaymentStatus != order.PaymentCompleted {
		t.Errorf("received %s, payment %s", sold.PaymentInstructions.ReceivedAmount, sold.PaymentStatus)
	}
	more := payment.Event{
		ID: "evt_4", Kind: payment.EventCaptured, Reference: paymentID.String(), Key: "capture/more", Amount: 1,
	}
	tellPayment(shop, secret, time.Now(), more).Want(http.StatusNoContent)
	wantMoneyOf := "select captured_amount from ordering.payments where id = $1"
	var captured money.Amount
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), wantMoneyOf, paymentID).Scan(&captured); err != nil || captured != placed.TotalAmount {
		t.Errorf("captured %s, %v", captured, err)
	}
}

func TestCashOnDeliveryIsSoldUnpaid(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PackAfter(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 2).Want(http.StatusOK)
	sold := apitest.Decode[order.Document](buyBy(buyer, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated))
	if sold.Status != order.Confirmed || sold.PaymentStatus != order.PaymentPending || sold.PaymentProvider != payment.ManualName {
		t.Errorf("sold %+v", sold)
	}
	if charges := shop.Charges(sold.ID); charges.Counts.Authorizations != 0 {
		t.Errorf("the provider has done %+v", charges)
	}
	shop.WantStock(product, 8, 0)
}

// TestTransferOfACancelledOrderGoesBack cancels an order that waits for its transfer: its stock is
// free, and what arrives for it, several transfers at once, goes back, as what is too much does.
func TestTransferOfACancelledOrderGoesBack(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	buyer, product, placed := awaitedTransfer(t, shop)
	buyer.Post(orderPath(placed.ID, "/cancel"), nil)
	shop.AwaitStatus(placed.ID, order.Cancelled)
	shop.WantStock(product, 10, 0)
	var arriving sync.WaitGroup
	for range 4 { // at once
		arriving.Go(func() { arrive(t, shop, placed.PaymentInstructions.Reference, placed.TotalAmount/2) })
	}
	arriving.Wait()
	wantMoney(t, shop, placed.ID, 2*placed.TotalAmount, 2*placed.TotalAmount)
	shop.WantStock(product, 10, 0)

	_, _, paid := awaitedTransfer(t, shop)
	arrive(t, shop, paid.PaymentInstructions.Reference, paid.TotalAmount+1)
	shop.AwaitStatus(paid.ID, order.Delivered)
	wantMoney(t, shop, paid.ID, paid.TotalAmount+1, 1)
}

// TestApprovalThatIsLearnedOfAfterTheVoidIsVoidedAnew: the provider had not known of the payment when
// it was voided.
func TestApprovalThatIsLearnedOfAfterTheVoidIsVoidedAnew(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostPaymentWebhooks(), workertest.PackAfter(time.Hour))
	buyer, id := buy(shop, "approve", 1, shop.NewProducts(1, 10)[0])
	buyer.Post(orderPath(id, "/cancel"), nil).Want(http.StatusOK)
	awaitVoid(t, shop, id)
	var paymentID uuid.UUID
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.payments where order_id = $1", id).Scan(&paymentID); err != nil {
		t.Fatal(err)
	}
	late := payment.Event{
		ID: "evt_late", Kind: payment.EventAuthorized, Reference: paymentID.String(), Key: "authorize/late", Amount: 1000,
	}
	tellPayment(shop, shop.Deps.Shop.WebhookSecret, time.Now(), late).Want(http.StatusNoContent)
	workertest.Await(t, "another void", func() bool {
		var voids int
		var status string
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), `
			select status, (
				select count(*) from ordering.payment_attempts as attempt
				where attempt.payment_id = payment.id and operation = 'void' and outcome = 'approved'
			)
			from ordering.payments as payment where id = $1`, paymentID).Scan(&status, &voids); err != nil {
			t.Fatal(err)
		}
		return status == "voided" && voids == 2
	})
}

// FuzzPaymentWebhook sends any bytes to the endpoint, signed and not: never a 5xx, and what is not
// signed changes nothing.
func FuzzPaymentWebhook(f *testing.F) {
	secret := "a secret of the provider"
	shop := apitest.New(f, func(deps *api.Deps) { deps.Shop.WebhookSecret = secret })
	for _, body := range []string{
		"", "{", "null", "[]", "\xff{\x00", "{}",
		`{"id":"evt_1","kind":"transfer.received","reference":"x","key":"transfer/1","amount":"10.00"}`,
		`{"id":"evt_\u0000","kind":"transfer.received","reference":"x","key":"transfer/1","amount":"10.00"}`,
		`{"id":"evt_2","kind":"transfer.received","reference":"x","key":"transfer/1","amount":"92233720368547758.07"}`,
		`{"id":"evt_3","kind":"payment.failed","reference":"00000000-0000-0000-0000-000000000000","amount":"-1"}`,
		`{"id":"` + strings.Repeat("e", 9000) + `","kind":"payment.failed","reference":"x","amount":"1"}`,
	} {
		f.Add([]byte(body))
	}
	kept := func(t *testing.T) (count int) {
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from ordering.webhook_receipts").Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		client, before := apitest.NewClient(t, shop.URL, ""), kept(t)
		unsigned := client.Post("/api/webhooks/payments", body, payment.SandboxSignature, signature.Sign("another", time.Now(), body))
		if unsigned.Status/100 != 4 || kept(t) != before {
			t.Errorf("unsigned %q was answered %d", body, unsigned.Status)
		}
		if signed := client.Post("/api/webhooks/payments", body, payment.SandboxSignature, signature.Sign(secret, time.Now(), body)); signed.Status >= http.StatusInternalServerError {
			t.Errorf("%q was answered %d %s", body, signed.Status, signed.Body)
		}
	})
}

// TestTransferThatTemporalForgotIsTakenUpAgain ends the waiting checkout by force.
func TestTransferThatTemporalForgotIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	_, _, placed := awaitedTransfer(t, shop)
	first := runOf(t, shop, workflows.CheckoutID(placed.ID))
	terminate(t, shop, workflows.CheckoutID(placed.ID))
	workertest.Await(t, "another checkout", func() bool {
		return runOf(t, shop, workflows.CheckoutID(placed.ID)) != first
	})
	arrive(t, shop, placed.PaymentInstructions.Reference, placed.TotalAmount)
	shop.AwaitStatus(placed.ID, order.Delivered)
	wantMoney(t, shop, placed.ID, placed.TotalAmount, 0)
}

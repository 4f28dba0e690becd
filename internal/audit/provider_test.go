package audit_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/audit"
	"mercado/internal/order"
	"mercado/internal/payment"
	"mercado/worker/workertest"
)

// TestProviderIsComparedWithTheBooks has the provider and the shop each know of a cent that the other
// does not.
func TestProviderIsComparedWithTheBooks(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostPaymentWebhooks())
	product := shop.NewProducts(1, 10)[0]
	paid := make([]uuid.UUID, 3)
	for i := range paid {
		buyer := shop.NewBuyer()
		buyer.Put(product, 1).Want(http.StatusOK)
		sold := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
		shop.AwaitStatus(sold, order.Delivered)
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select id from ordering.payments where order_id = $1", sold).Scan(&paid[i]); err != nil {
			t.Fatal(err)
		}
	}
	provider := payment.NewSandbox(shop.Sandbox, shop.Deps.Shop.WebhookSecret, 10*time.Second)
	look := func(since time.Time) map[string]string {
		t.Helper()
		result, err := audit.AskProvider(t.Context(), shop.Deps.DB, provider, since)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, difference := range result.Found {
			found[difference.SubjectID] = string(difference.Details)
		}
		if int64(len(found)) != result.Differences {
			t.Errorf("%d differences, %d of them named", result.Differences, len(found))
		}
		return found
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if found := look(yesterday); len(found) != 0 {
		t.Fatalf("the provider differs before anything is planted: %v", found)
	}
	if _, err := provider.Refund(t.Context(), payment.Change{IdempotencyKey: "planted", Reference: paid[0].String(), Amount: 1}); err != nil {
		t.Fatal(err)
	}
	shop.Exec("update ordering.payments set captured_amount = captured_amount - 0.01 where id = $1", paid[1])
	found := look(yesterday)
	if len(found) != 2 || found[paid[0].String()] == "" || found[paid[1].String()] == "" {
		t.Errorf("the provider and the books differ in %v, found %v", paid[:2], found)
	}
	if found := look(time.Now().Add(time.Hour)); len(found) != 0 {
		t.Errorf("asked about payments that have not changed since: %v", found)
	}
	// What the provider has not answered yet is nobody's difference.
	shop.Exec(`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome)
		values ($1, 'refund', 'under way', 0.01, 'EUR', 'asked')`, paid[0])
	if found := look(yesterday); len(found) != 1 || found[paid[1].String()] == "" {
		t.Errorf("found %v, want %s only", found, paid[1])
	}
}

// TestAllChecksSeeOneMoment changes the books while an audit is under way, before each of its checks:
// none sees it. The next audit does.
func TestAllChecksSeeOneMoment(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 10)[0]
	look := func(progress audit.Progress) *audit.Report {
		t.Helper()
		report, err := audit.Run(t.Context(), shop.Deps.DB, uuid.Must(uuid.NewV7()), limits, progress)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	changed := 0
	during := look(func(audit.Check, int, int) {
		changed++
		shop.Exec("update catalog.stock set on_hand = on_hand + 1 where product_id = $1", product)
	})
	if !during.Clean() || changed != len(during.Results) {
		t.Errorf("%d differences after %d changes meanwhile", during.Differences, changed)
	}
	if after := look(nil); after.Differences != 1 {
		t.Errorf("%d differences, want 1", after.Differences)
	}
}

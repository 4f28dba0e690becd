package worker_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/audit"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// wantBooks makes an audit, and fails for every difference.
func wantBooks(t *testing.T, shop *workertest.Shop, when string) {
	t.Helper()
	report, err := audit.Run(t.Context(), shop.Deps.DB, uuid.Must(uuid.NewV7()), workertest.Limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		for _, found := range result.Found {
			t.Errorf("%s: %s names %s %s: %s", when, result.Name, result.Subject, found.SubjectID, found.Details)
		}
	}
}

// TestBooksAddUpAfterEveryJourney sends orders down every way that an order can go, each in a shop
// made for it, and audits the shops while the orders are under way and when all is over.
func TestBooksAddUpAfterEveryJourney(t *testing.T) {
	t.Parallel()
	for name, journey := range map[string]struct {
		options []workertest.Option
		run     func(t *testing.T, shop *workertest.Shop)
	}{
		"sold, declined, returned": {nil, soldAndReturned},
		"stopped before it is sent": {
			[]workertest.Option{workertest.PackAfter(time.Hour)}, stoppedBeforeSent,
		},
		"transfers": {
			[]workertest.Option{workertest.TransferPatience(2 * time.Minute)}, transfersOfAllKinds,
		},
		"holds that expire": {
			[]workertest.Option{workertest.HoldTTL(time.Second), workertest.SweepEvery(time.Second)}, holdsThatExpire,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := workertest.New(t, journey.options...)
			journey.run(t, shop)
			wantBooks(t, shop, "at the end")
		})
	}
}

func soldAndReturned(t *testing.T, shop *workertest.Shop) {
	products := shop.NewProducts(2, 50)
	newDiscount(shop, map[string]any{"code": "TENTH", "kind": "percentage", "percent": 10})
	var delivered []uuid.UUID

	buyer, whole := buy(shop, "approve", 3, products...)
	delivered = append(delivered, whole)
	for _, method := range []string{"wallet", "cash_on_delivery"} {
		buyer := shop.NewBuyer()
		buyer.Put(products[0], 1).Want(http.StatusOK)
		body := workertest.CheckoutBody("approve")
		if method == "cash_on_delivery" {
			body = workertest.CheckoutBody("")
		}
		body["payment_method"].(map[string]any)["type"] = method
		if method == "cash_on_delivery" {
			body["payment_method"] = map[string]any{"type": method}
		}
		placed := buyer.Post("/api/checkout", body, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)
		delivered = append(delivered, apitest.Decode[order.Document](placed).ID)
	}
	for _, method := range []string{"cash", "card"} {
		sold := shop.Admin().Post("/api/sales", saleBody(buyer.ID, "counter", method, products[1]), "Idempotency-Key", uuid.NewString())
		delivered = append(delivered, apitest.Decode[order.Document](sold.Want(http.StatusCreated)).ID)
	}
	reduced := shop.NewBuyer().Post("/api/orders", orderBody(products[0], "approve", "TENTH"), "Idempotency-Key", "reduced")
	delivered = append(delivered, apitest.Decode[order.Document](reduced.Want(http.StatusCreated)).ID)
	shop.NewBuyer().Post("/api/orders", orderBody(products[0], "decline", "TENTH"), "Idempotency-Key", "declined").
		WantProblem(http.StatusPaymentRequired, "payment_declined")
	wantBooks(t, shop, "under way")
	lost := parcelTo(shop, products[0], "sandbox:lost")
	sentBack := parcelTo(shop, products[0], "sandbox:return")
	_, refused := buy(shop, "capture_refused", 1, products...)
	for _, id := range delivered {
		shop.AwaitStatus(id, order.Delivered)
	}
	for _, id := range []uuid.UUID{lost, sentBack, refused} {
		shop.AwaitStatus(id, order.Cancelled)
	}
	wantBooks(t, shop, "delivered")

	// Of the first, everything comes back, one product not fit to be sold; of others a part, an
	// amount, and units that stay with the customer.
	for i, product := range products {
		asked := buyer.Post(orderPath(whole, "/returns"), units(product, 3), "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)
		back := apitest.Decode[order.Return](asked)
		wantBooks(t, shop, "on its way back")
		shop.Admin().Post("/api/returns/"+back.ID.String()+"/receive", map[string]any{"restock": i == 0}).Want(http.StatusOK)
	}
	shop.AwaitStatus(whole, order.Returned)
	_, part := buy(shop, "approve", 3, products[0])
	shop.AwaitStatus(part, order.Delivered)
	refund := func(id uuid.UUID, body map[string]any) {
		shop.Admin().Post(orderPath(id, "/refunds"), body, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)
	}
	restocked := units(products[0], 1)
	restocked["restock"] = true
	refund(part, restocked)
	refund(part, units(products[0], 1))
	refund(part, map[string]any{"amount": "1.23"})
	refund(delivered[2], map[string]any{"amount": "0.50"}) // cash that was paid at the door
	// A refund that was refused, and asked for again, gives nothing back twice.
	shop.Exec("update ordering.payments set provider = 'away' where order_id = $1", delivered[1])
	restocking := units(products[0], 1)
	restocking["restock"] = true
	failed := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(delivered[1], "/refunds"), restocking, "Idempotency-Key", "refused").
		Want(http.StatusCreated)).ID
	shop.Exec("select ordering.fail_refund($1, 'a test')", failed)
	wantBooks(t, shop, "with a refund that failed")
	shop.Exec("update ordering.payments set provider = 'sandbox' where order_id = $1", delivered[1])
	shop.Admin().Post("/api/refunds/"+failed.String()+"/retry", nil).Want(http.StatusCreated)
	awaitRefunds(t, shop, delivered[1])
	wantBooks(t, shop, "while refunds are paid")
	for _, id := range []uuid.UUID{whole, part, delivered[2], lost, sentBack} {
		awaitRefunds(t, shop, id)
	}
}

func stoppedBeforeSent(t *testing.T, shop *workertest.Shop) {
	products := shop.NewProducts(2, 10)
	newDiscount(shop, map[string]any{"code": "ONCE", "kind": "fixed", "amount": "1.00", "max_uses": 1})
	buyer := shop.NewBuyer()
	reduced := apitest.Decode[order.Document](buyer.Post("/api/orders", orderBody(products[0], "approve", "ONCE"), "Idempotency-Key", "reduced").
		Want(http.StatusCreated)).ID
	buyer.Post(orderPath(reduced, "/cancel"), nil).Want(http.StatusOK)
	shop.AwaitStatus(reduced, order.Cancelled)
	wantUses(t, shop, "ONCE", 0)
	awaitVoid(t, shop, reduced)

	paid := shop.NewBuyer()
	paid.Put(products[0], 1).Want(http.StatusOK)
	door := apitest.Decode[order.Document](buyBy(paid, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated)).ID
	paid.Post(orderPath(door, "/cancel"), nil).Want(http.StatusOK)

	_, short := buy(shop, "approve", 2, products...)
	shipments := planned(t, shop, short, 2)
	shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/cancel"), map[string]any{"reason": "out_of_stock"}).Want(http.StatusOK)
	wantBooks(t, shop, "a vendor has given up")
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/ship"), nil).Want(http.StatusOK)
	shop.AwaitStatus(short, order.Delivered)

	shop.NewBuyer().Put(products[1], 8).Want(http.StatusOK)
	shop.NewBuyer().Post("/api/orders", orderBody(products[1], "approve", ""), "Idempotency-Key", "late").
		WantProblem(http.StatusConflict, "out_of_stock")
}

func transfersOfAllKinds(t *testing.T, shop *workertest.Shop) {
	_, _, inTime := awaitedTransfer(t, shop)
	wantBooks(t, shop, "waiting for its transfer")
	arrive(t, shop, inTime.PaymentInstructions.Reference, inTime.TotalAmount+250)
	_, _, late := awaitedTransfer(t, shop)
	arrive(t, shop, late.PaymentInstructions.Reference, 100)
	shop.Exec(`update ordering.bank_transfers set awaited_until = now()
		where payment_id = (select id from ordering.payments where order_id = $1)`, late.ID)
	shop.AwaitStatus(inTime.ID, order.Delivered)
	shop.AwaitStatus(late.ID, order.Cancelled)
	arrive(t, shop, late.PaymentInstructions.Reference, late.TotalAmount)
	wantMoney(t, shop, inTime.ID, inTime.TotalAmount+250, 250)
	wantMoney(t, shop, late.ID, late.TotalAmount+100, late.TotalAmount+100)
}

func holdsThatExpire(t *testing.T, shop *workertest.Shop) {
	product := shop.NewProducts(1, 10)[0]
	shop.NewBuyer().Put(product, 4).Want(http.StatusOK)
	workertest.Await(t, "the hold to expire", func() bool { return shop.Stock(product).Reserved == 0 })
	shop.NewBuyer().Put(product, 9).Want(http.StatusOK)
}

// parcelTo buys one unit that the carrier takes to an address with a meaning of its own.
func parcelTo(shop *workertest.Shop, product int64, line string) uuid.UUID {
	buyer := shop.NewBuyer()
	buyer.Put(product, 1)
	body := workertest.CheckoutBody("approve")
	body["shipping_address"].(map[string]any)["line1"] = line
	return apitest.Decode[order.Document](buyer.Post("/api/checkout", body, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)).ID
}

// awaitRefunds waits until every refund of an order is over.
func awaitRefunds(t *testing.T, shop *workertest.Shop, id uuid.UUID) {
	t.Helper()
	workertest.Await(t, "the refunds to be over", func() bool {
		found := refundsOf(shop, id)
		for _, refund := range found {
			if refund.Status == "pending" {
				return false
			}
		}
		return len(found) > 0
	})
}

// TestBooksAddUpWhileOrdersAreMade audits again and again while customers buy, are declined, cancel
// and are refunded: what each transaction leaves adds up, also between two steps of a workflow.
func TestBooksAddUpWhileOrdersAreMade(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(3, 1000)
	const buyers, each = 4, 6
	var buying sync.WaitGroup
	bought := make(chan struct{})
	for i, buyer := range shop.NewBuyers(buyers) {
		buying.Go(func() {
			for n := range each {
				product := products[(i+n)%3]
				buyer.Put(product, 1).Want(http.StatusOK)
				buyer.Buy([]string{"approve", "decline", "capture_refused"}[n%3])
				answer := buyer.Post("/api/orders", orderBody(product, "approve", ""), "Idempotency-Key", uuid.NewString(), "Prefer", "respond-async")
				placed := apitest.Decode[order.Document](answer.Want(http.StatusAccepted)).ID
				if n%2 == 0 {
					buyer.Post(orderPath(placed, "/cancel"), nil)
					continue
				}
				shop.AwaitStatus(placed, order.Delivered)
				shop.Admin().Post(orderPath(placed, "/refunds"), units(product, 1), "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)
			}
		})
	}
	go func() { buying.Wait(); close(bought) }()
	for audits := 1; ; audits++ {
		wantBooks(t, shop, "while customers buy")
		select {
		case <-bought:
			if audits < 3 {
				t.Errorf("only %d audits were made meanwhile", audits)
			}
			return
		default:
		}
	}
}

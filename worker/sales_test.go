package worker_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

type sales struct {
	Items []struct {
		OrderID uuid.UUID `json:"order_id"`
		LineNo  int       `json:"line_no"`
		ItemID  int64     `json:"item_id"`
		Channel string    `json:"channel"`
		Status  string    `json:"status"`
		Total   string    `json:"total_price"`
	} `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

func saleBody(customer int64, channel, method string, items ...int64) map[string]any {
	var list []map[string]any
	for _, id := range items {
		list = append(list, map[string]any{"item_id": id, "qty": 1})
	}
	body := map[string]any{
		"customer_id": customer, "channel": channel, "items": list, "payment_method": map[string]any{"type": method},
	}
	if method == "card" {
		body["payment_method"] = map[string]any{"type": method, "token": "approve"}
	}
	if channel == "phone" {
		body["shipping_address"] = workertest.CheckoutBody("")["shipping_address"]
	}
	return body
}

func vendorsOf(t *testing.T, shop *workertest.Shop, products []int64) []int64 {
	t.Helper()
	vendors := make([]int64, len(products))
	for i, product := range products {
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select vendor_id from catalog.products where id = $1", product).Scan(&vendors[i]); err != nil {
			t.Fatal(err)
		}
	}
	return vendors
}

// TestWhoBuysAtTheCounterNeedsNoPassword sells to somebody new, who cannot sign in until an operator lets them.
func TestWhoBuysAtTheCounterNeedsNoPassword(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(1, 10)
	vendor, admin, anyone := shop.Vendor(vendorsOf(t, shop, products)[0]), shop.Admin(), shop.Anyone()
	person := map[string]any{"email": "Rui@Example.com", "first_name": "Rui", "last_name": "Costa", "phone": "+351 210 000 000"}
	type customer struct {
		ID       int64
		Email    string
		IsActive bool `json:"is_active"`
	}
	rui := apitest.Decode[customer](vendor.Post("/api/identity/customers", person).Want(http.StatusCreated))
	if rui.Email != "rui@example.com" || !rui.IsActive {
		t.Errorf("added %+v", rui)
	}
	admin.Post("/api/identity/customers", person).WantProblem(http.StatusConflict, "email_taken")
	admin.Post("/api/identity/customers", map[string]any{"email": "ana@example.com", "first_name": " ", "last_name": "Sousa"}).
		WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	person["password"] = apitest.Password
	anyone.Post("/api/identity/register", person).WantProblem(http.StatusConflict, "email_taken")

	sold := apitest.Decode[order.Document](vendor.Post("/api/sales", saleBody(rui.ID, "counter", "cash", products...), "Idempotency-Key", "till 1").
		Want(http.StatusCreated))
	if sold.Status != order.Confirmed || sold.CustomerID != rui.ID {
		t.Errorf("sold %+v", sold)
	}
	bought := apitest.Decode[struct{ Items []customer }](vendor.Get("/api/vendor/customers?q=rui").Want(http.StatusOK)).Items
	if len(bought) != 1 || bought[0].ID != rui.ID {
		t.Errorf("the vendor sold to %+v", bought)
	}

	signIn := map[string]any{"username": "rui@example.com", "password": apitest.Password}
	anyone.Post("/api/identity/token", signIn).WantProblem(http.StatusUnauthorized, "invalid_credentials")
	account := fmt.Sprintf("/api/identity/customers/%d/account", rui.ID)
	admin.Post(account, map[string]any{"password": "rui costa rui costa"}).WantProblem(http.StatusUnprocessableEntity, "weak_password")
	vendor.Post(account, map[string]any{"password": apitest.Password}).WantProblem(http.StatusForbidden, "forbidden")
	opened := apitest.Decode[struct {
		CustomerID int64 `json:"customer_id"`
		Roles      []string
	}](admin.Post(account, map[string]any{"password": apitest.Password}).Want(http.StatusCreated))
	if opened.CustomerID != rui.ID || !slices.Equal(opened.Roles, []string{"customer"}) {
		t.Errorf("opened %+v", opened)
	}
	admin.Post(account, map[string]any{"password": apitest.Password + "!"}).WantProblem(http.StatusConflict, "email_taken")
	token := apitest.Decode[struct {
		Access string `json:"access_token"`
	}](anyone.Post("/api/identity/token", signIn).Want(http.StatusOK)).Access
	anyone.With(token).Get("/api/orders/" + sold.ID.String()).Want(http.StatusOK)

	admin.Post("/api/identity/customers/999999/account", map[string]any{"password": apitest.Password}).WantProblem(http.StatusNotFound, "not_found")
	gone := apitest.Decode[customer](admin.Post("/api/identity/customers", map[string]any{"email": "eva@example.com", "first_name": "Eva", "last_name": "Lima"}).
		Want(http.StatusCreated))
	admin.Delete(fmt.Sprintf("/api/identity/customers/%d", gone.ID)).Want(http.StatusNoContent)
	admin.Post(fmt.Sprintf("/api/identity/customers/%d/account", gone.ID), map[string]any{"password": apitest.Password}).
		WantProblem(http.StatusForbidden, "customer_inactive")
}

func TestSalesMadeElsewhereAreRegistered(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(2, 10)
	vendors := vendorsOf(t, shop, products)
	buyer := shop.NewBuyer()
	admin, vendor := shop.Admin(), shop.Vendor(vendors[0])
	register := func(client *apitest.Client, body map[string]any, headers ...string) *apitest.Answer {
		return client.Post("/api/sales", body, append([]string{"Idempotency-Key", uuid.NewString()}, headers...)...)
	}

	// At the counter: taxed where the vendor is, sent nowhere.
	sold := apitest.Decode[order.Document](register(vendor, saleBody(buyer.ID, "counter", "card", products[0])).Want(http.StatusCreated))
	if sold.Channel != "counter" || sold.PaymentMethod != "card" || sold.Status != order.Confirmed || sold.CustomerID != buyer.ID ||
		sold.Subtotal != 1000 || sold.TaxAmount != 230 || sold.ShippingCost != 0 {
		t.Errorf("sold %+v", sold)
	}
	phoned := apitest.Decode[order.Document](register(admin, saleBody(buyer.ID, "phone", "card", products[0], products[1])).Want(http.StatusCreated))
	if phoned.Channel != "phone" || phoned.TotalAmount != 3000+690+490 || phoned.Status != order.Confirmed {
		t.Errorf("sold %+v", phoned)
	}
	shop.WantStock(products[0], 8, 0)

	// The customer sees what they bought; the key is the seller's.
	buyer.Get("/api/orders/" + sold.ID.String()).Want(http.StatusOK)
	body := saleBody(buyer.ID, "counter", "card", products[0])
	first := register(vendor, body, "Idempotency-Key", "till 1")
	first.Want(http.StatusCreated)
	if again := register(vendor, body, "Idempotency-Key", "till 1"); string(again.Want(http.StatusCreated).Body) != string(first.Body) {
		t.Errorf("the first answer was\n%s\nthe second\n%s", first.Body, again.Body)
	}
	register(vendor, saleBody(buyer.ID, "counter", "card", products[0], products[0]+1000), "Idempotency-Key", "till 1").
		WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")
	other := apitest.Decode[order.Document](register(admin, body, "Idempotency-Key", "till 1").Want(http.StatusCreated))
	if other.ID == apitest.Decode[order.Document](first).ID {
		t.Error("two sellers share a key")
	}

	declined := saleBody(buyer.ID, "counter", "card", products[0])
	declined["payment_method"].(map[string]any)["token"] = "decline"
	register(vendor, declined).WantProblem(http.StatusPaymentRequired, "payment_declined")
	// A vendor sells nothing that is not theirs.
	register(vendor, saleBody(buyer.ID, "counter", "cash", products[0], products[1])).WantProblem(http.StatusConflict, "product_unavailable")
	register(admin, saleBody(999_999, "counter", "cash", products[0])).WantProblem(http.StatusUnprocessableEntity, "unknown_reference")
	register(admin, saleBody(buyer.ID, "phone", "cash", products[0])).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	register(admin, saleBody(buyer.ID, "web", "card", products[0])).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	register(admin, saleBody(buyer.ID, "counter", "wallet", products[0])).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	addressless := saleBody(buyer.ID, "phone", "card", products[0])
	delete(addressless, "shipping_address")
	register(admin, addressless).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	register(buyer.Client, saleBody(buyer.ID, "counter", "cash", products[0])).WantProblem(http.StatusForbidden, "forbidden")
	admin.Post("/api/sales", saleBody(buyer.ID, "counter", "cash", products[0])).WantProblem(http.StatusBadRequest, "idempotency_key_missing")
	shop.WantStock(products[0], 6, 0)
	shop.WantStock(products[1], 9, 0)
}

func TestSalesAreListedByLine(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	root := shop.NewCategory(0)
	child := shop.NewCategory(root)
	vendors := []int64{shop.NewVendor(), shop.NewVendor()}
	cup, pot := shop.NewProduct(vendors[0], child, "5.00", 100), shop.NewProduct(vendors[1], root, "7.00", 100)
	lamp := shop.NewProduct(vendors[1], shop.NewCategory(0), "9.00", 100)
	ana, rui := shop.NewBuyer(), shop.NewBuyer()
	before := time.Now().Add(-time.Minute)
	register := func(body map[string]any) {
		shop.Admin().Post("/api/sales", body, "Idempotency-Key", uuid.NewString())
	}
	register(saleBody(ana.ID, "counter", "card", cup, pot))
	register(saleBody(rui.ID, "phone", "card", cup, lamp))
	declined := saleBody(rui.ID, "counter", "card", pot)
	declined["payment_method"].(map[string]any)["token"] = "decline"
	register(declined)
	ana.Post("/api/orders", orderBody(lamp, "approve", ""), "Idempotency-Key", "key").Want(http.StatusCreated)

	list := func(client *apitest.Client, query string) sales {
		t.Helper()
		return apitest.Decode[sales](client.Get("/api/sales/transactions" + query).Want(http.StatusOK))
	}
	admin := shop.Admin()
	at := url.QueryEscape(before.UTC().Format(time.RFC3339))
	for query, want := range map[string]int{
		"": 6, fmt.Sprintf("?item_id=%d", cup): 2, fmt.Sprintf("?category_id=%d", root): 4, fmt.Sprintf("?category_id=%d", child): 2,
		"?category_id=999999": 0, fmt.Sprintf("?vendor_id=%d", vendors[1]): 4, fmt.Sprintf("?customer_id=%d", rui.ID): 3,
		"?channel=counter": 3, "?channel=phone": 2, "?channel=api": 1, "?channel=web": 0, "?status=cancelled": 1, "?status=confirmed": 5,
		"?sold_from=" + at: 6, "?sold_before=" + at: 0,
		fmt.Sprintf("?vendor_id=%d&channel=phone&customer_id=%d", vendors[1], rui.ID): 1,
	} {
		if found := list(admin, query); len(found.Items) != want {
			t.Errorf("%q lists %d lines, want %d", query, len(found.Items), want)
		}
	}
	// A vendor sees their own, whatever is asked for.
	vendor := shop.Vendor(vendors[0])
	if own := list(vendor, ""); len(own.Items) != 2 || own.Items[0].ItemID != cup || own.Items[1].ItemID != cup {
		t.Errorf("a vendor sees %+v", own)
	}
	for _, query := range []string{fmt.Sprintf("?vendor_id=%d", vendors[1]), fmt.Sprintf("?item_id=%d", pot)} {
		if foreign := list(vendor, query); len(foreign.Items) != 0 {
			t.Errorf("%q shows a vendor %+v", query, foreign)
		}
	}
	ana.Get("/api/sales/transactions").WantProblem(http.StatusForbidden, "forbidden")

	// Page by page, every line once, newest order first.
	type key struct {
		order uuid.UUID
		line  int
	}
	var all, paged []key
	for _, item := range list(admin, "").Items {
		all = append(all, key{item.OrderID, item.LineNo})
	}
	for query := "?limit=1"; ; {
		page := list(admin, query)
		paged = append(paged, key{page.Items[0].OrderID, page.Items[0].LineNo})
		if page.NextCursor == nil {
			break
		}
		query = "?limit=1&cursor=" + *page.NextCursor
	}
	if !slices.Equal(all, paged) {
		t.Errorf("the pages list %v, the list %v", paged, all)
	}
	admin.Get("/api/sales/transactions?cursor=x").WantProblem(http.StatusUnprocessableEntity, "invalid_cursor")
}

// TestOrdersAreFoundByTheirMoneyAndChannel looks orders up as an operator does.
func TestOrdersAreFoundByTheirMoneyAndChannel(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.WithoutWorker())
	product := shop.NewProducts(1, 100)[0]
	buyer := shop.NewBuyer()
	shop.Admin().Post("/api/sales", saleBody(buyer.ID, "phone", "card", product), "Idempotency-Key", "1").Want(http.StatusCreated)
	buyer.Post("/api/orders", orderBody(product, "approve", ""), "Idempotency-Key", "2").Want(http.StatusCreated)
	buyer.Post("/api/orders", orderBody(product, "decline", ""), "Idempotency-Key", "3").WantProblem(http.StatusPaymentRequired, "payment_declined")
	for query, want := range map[string]int{
		"": 3, "?payment_status=authorized": 2, "?payment_status=failed": 1, "?payment_status=refunded": 0,
		"?channel=api": 2, "?channel=phone": 1, "?channel=api&payment_status=failed&status=cancelled": 1,
	} {
		for name, client := range map[string]*apitest.Client{"operator": shop.Admin(), "customer": buyer.Client} {
			if found := apitest.Decode[orders](client.Get("/api/orders" + query).Want(http.StatusOK)); len(found.Items) != want {
				t.Errorf("%q lists %d orders to the %s, want %d", query, len(found.Items), name, want)
			}
		}
	}
}

// TestCashIsTakenAtTheCounter: paid and handed over at once, without anybody to ask.
func TestCashIsTakenAtTheCounter(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	products := shop.NewProducts(1, 10)
	buyer := shop.NewBuyer()
	seller := shop.Vendor(vendorsOf(t, shop, products)[0])
	body := saleBody(buyer.ID, "counter", "cash", products[0])
	first := seller.Post("/api/sales", body, "Idempotency-Key", "key").Want(http.StatusCreated)
	sold := apitest.Decode[order.Document](first)
	if sold.PaymentMethod != "cash" || sold.PaymentProvider != "manual" || sold.Status != order.Confirmed ||
		sold.PaymentStatus != order.PaymentCompleted || sold.TotalAmount != 1230 {
		t.Errorf("sold %+v", sold)
	}
	if again := seller.Post("/api/sales", body, "Idempotency-Key", "key").Want(http.StatusCreated); string(again.Body) != string(first.Body) {
		t.Errorf("the first answer was\n%s\nthe second\n%s", first.Body, again.Body)
	}
	shop.WantStock(products[0], 9, 0)
	shop.AwaitStatus(sold.ID, order.Delivered)
	if charges := shop.Charges(sold.ID); charges.Counts.Authorizations+charges.Counts.Captures != 0 {
		t.Errorf("the provider has done %+v for cash", charges)
	}
}

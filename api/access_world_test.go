package api_test

import (
	"mercado/internal/devstack"

	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/order"
	"mercado/internal/settings"
	"mercado/worker"
	"mercado/worker/workertest"
)

// thing is one resource of the access matrix, with those it belongs to.
type thing struct {
	id       string
	customer int64
	vendor   int64
	secrets  []string // what only its owner and operators may read
}

// thingKind says who a kind of resource belongs to, and how one comes to be. What belongs to no
// customer exists for every customer who has the permission, and so for vendors.
type thingKind struct {
	ofCustomer bool
	ofVendor   bool
	make       func(*accessWorld) thing
}

// things are the resources of all paths with an id, by the path as far as that id.
var things = map[string]thingKind{
	"/api/catalog/categories/{id}":   {make: (*accessWorld).category},
	"/api/catalog/vendors/{id}":      {ofVendor: true, make: (*accessWorld).newVendor},
	"/api/catalog/products/{id}":     {ofVendor: true, make: (*accessWorld).product},
	"/api/cart/items/{item_id}":      {make: (*accessWorld).product},
	"/api/identity/customers/{id}":   {ofCustomer: true, make: (*accessWorld).newCustomer},
	"/api/discounts/{id}":            {make: (*accessWorld).discount},
	"/api/orders/{id}":               {ofCustomer: true, ofVendor: true, make: (*accessWorld).order},
	"/api/admin/stuck/{id}":          {make: (*accessWorld).order},
	"/api/admin/audit/{id}":          {make: (*accessWorld).audit},
	"/api/catalog/imports/{id}":      {ofVendor: true, make: (*accessWorld).imported},
	"/api/catalog/reviews/{id}":      {ofCustomer: true, make: (*accessWorld).review},
	"/api/catalog/reviews/{id}/vote": {make: (*accessWorld).strangersReview},

	"/api/identity/users/{id}":      {make: (*accessWorld).user},
	"/api/webhooks/deliveries/{id}": {ofVendor: true, make: (*accessWorld).webhookDelivery},
	"/api/webhooks/endpoints/{id}":  {ofVendor: true, make: (*accessWorld).webhookEndpoint},
	"/api/vendor/shipments/{id}":    {ofCustomer: true, ofVendor: true, make: (*accessWorld).shipment},
	"/api/returns/{id}":             {ofCustomer: true, ofVendor: true, make: (*accessWorld).returned},
	"/api/etl/runs/{id}":            {make: (*accessWorld).run},
	"/api/etl/backfills/{id}":       {make: (*accessWorld).backfill},
	"/api/etl/schedules/{id}":       {make: (*accessWorld).schedule},
	"/api/lake/datasets/{name}":     {make: func(*accessWorld) thing { return thing{id: "gold.sales"} }},
	"/api/refunds/{id}":             {ofCustomer: true, ofVendor: true, make: (*accessWorld).failedRefund},
}

// goodBodies are bodies of operations for which an example of the schema is refused before
// anybody asks whose the resource is, by operation id.
var goodBodies = map[string]func(*accessWorld, thing) any{
	"checkout":         func(*accessWorld, thing) any { return workertest.CheckoutBody("approve") },
	"create-discount":  func(*accessWorld, thing) any { return discountBody() },
	"replace-discount": func(*accessWorld, thing) any { return discountBody() },
	"cancel-order":     func(*accessWorld, thing) any { return map[string]any{} },
	"refund-order":     func(*accessWorld, thing) any { return map[string]any{"amount": "0.01"} },
	"receive-return":   func(*accessWorld, thing) any { return map[string]any{"restock": true} },
}

// accessWorld is a shop in which a customer has bought from a vendor, and others have as well.
type accessWorld struct {
	*workertest.Shop
	t testing.TB

	customer, otherCustomer int64
	vendor, otherVendor     int64
	categoryID              int64
	made                    map[string]thing
	foreign                 []foreign // all that was made, by its UUID
	item                    int64     // what is bought; 0: a new product each time
	back                    uuid.UUID // an order that has arrived, of which item is sent back; zero: a new one each time

	secretsOfCustomer []string
	secretsOfVendor   []string

	backfills int // made so far
	costsSeen int // fields of answers that told what something costs its vendor
}

// foreign is something that whoever does not own it may not find in any list.
type foreign struct {
	id   string
	kind thingKind
}

const (
	secretStreet = "Travessa do Segredo 17"
	secretCost   = "3.33"
)

func newAccessWorld(t testing.TB) *accessWorld {
	w := &accessWorld{
		Shop: workertest.New(t, workertest.PackAfter(time.Hour)), t: t, made: map[string]thing{},
	}
	if err := devstack.EnsureRoles(t.Context(), w.World.ObjectStore); err != nil { // whom the lake has credentials for
		t.Fatal(err)
	}
	w.categoryID = w.NewCategory(0)
	w.vendor, w.otherVendor = w.NewVendor(), w.NewVendor()
	var email string
	w.customer, email = w.NewCustomer()
	w.otherCustomer, _ = w.NewCustomer()
	w.secretsOfCustomer = []string{email, secretStreet}
	w.secretsOfVendor = []string{`"` + secretCost + `"`}
	w.buy(w.otherCustomer, w.productOf(w.otherVendor))
	return w
}

// fill makes a thing of each kind, so that a list without a filter has something to show to others.
func (w *accessWorld) fill() {
	for _, prefix := range slices.Sorted(maps.Keys(things)) {
		w.shared(prefix, things[prefix])
	}
}

// shared is the thing of a kind that those look at who may not change it.
func (w *accessWorld) shared(prefix string, kind thingKind) thing {
	if _, known := w.made[prefix]; !known {
		w.made[prefix] = w.fresh(prefix, kind)
	}
	return w.made[prefix]
}

// fresh makes a thing; without a kind, only its owners.
func (w *accessWorld) fresh(_ string, kind thingKind) thing {
	made := thing{customer: w.customer, vendor: w.vendor}
	if kind.make != nil {
		made = kind.make(w)
		if _, err := uuid.Parse(made.id); err == nil { // a number may be anything's
			w.foreign = append(w.foreign, foreign{made.id, kind})
		}
	}
	if made.customer == 0 {
		made.customer = w.customer
	}
	if made.vendor == 0 {
		made.vendor = w.vendor
	}
	return made
}

// client is signed in as the actor, who owns the target or is somebody else.
func (w *accessWorld) client(who actor, target thing) *apitest.Client {
	customer, vendor := w.otherCustomer, w.otherVendor
	if who.own {
		customer, vendor = target.customer, target.vendor
	}
	switch who.role {
	case "":
		return w.Anyone()
	case auth.Customer:
		return w.Customer(customer)
	case auth.Vendor:
		return w.Vendor(vendor)
	default:
		return w.As(auth.Principal{Roles: []auth.Role{who.role}})
	}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// audit is one that was asked for.
func (w *accessWorld) audit() thing {
	w.t.Helper()
	return thing{id: apitest.Decode[struct{ ID string }](w.Admin().Post("/api/admin/audit", nil).Want(http.StatusAccepted)).ID}
}

// run is a load that waits for a worker.
func (w *accessWorld) run() thing {
	w.t.Helper()
	made := w.Admin().Post("/api/etl/runs", map[string]any{}).Want(http.StatusAccepted)
	return thing{id: apitest.Decode[struct{ ID string }](made).ID}
}

// backfill is one of days that no other is of.
func (w *accessWorld) backfill() thing {
	w.t.Helper()
	w.backfills++
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, w.backfills)
	made := w.Admin().Post("/api/etl/backfills", map[string]any{
		"from": first.Format(time.DateOnly), "to": first.AddDate(0, 0, 1).Format(time.DateOnly),
	}).Want(http.StatusAccepted)
	return thing{id: apitest.Decode[struct{ ID string }](made).ID}
}

// schedule is that of the daily load.
func (w *accessWorld) schedule() thing {
	w.t.Helper()
	daily := settings.Daily{At: time.Now().UTC().Add(12 * time.Hour).Format("15:04"), TimeZone: "UTC", Overlap: "queue", CatchUp: time.Hour}
	if err := worker.EnsureSchedules(w.t.Context(), w.Deps.Temporal, w.World.Temporal, daily, settings.Retention{Runs: 24 * time.Hour, Versions: 1}, 1); err != nil {
		w.t.Fatal(err)
	}
	return thing{id: "daily-etl"}
}

// webhookEndpoint is one of the vendor's.
func (w *accessWorld) webhookEndpoint() thing {
	w.t.Helper()
	body := map[string]any{"url": "https://example.com/", "event_types": []string{"shipment.lost"}}
	return thing{
		vendor: w.vendor,
		id:     apitest.Decode[struct{ ID string }](w.Vendor(w.vendor).Post("/api/webhooks/endpoints", body).Want(http.StatusCreated)).ID,
	}
}

// webhookDelivery is one of the vendor's.
func (w *accessWorld) webhookDelivery() thing {
	w.t.Helper()
	endpoint, delivery := w.webhookEndpoint(), uuid.NewString()
	w.Exec(`
		insert into ordering.webhook_deliveries (id, endpoint_id, event_id, order_id, event_type)
		select $1, $2, id, order_id, type from ordering.order_events order by id limit 1`, delivery, endpoint.id)
	return thing{vendor: endpoint.vendor, id: delivery}
}

func (w *accessWorld) category() thing { return thing{id: number(w.NewCategory(0))} }

func discountBody() map[string]any {
	return map[string]any{"code": uuid.NewString(), "kind": "percentage", "percent": 10}
}

func (w *accessWorld) discount() thing {
	return thing{id: number(apitest.Decode[apitest.Made](w.Admin().Post("/api/discounts", discountBody()).Want(http.StatusCreated)).ID)}
}

func (w *accessWorld) newVendor() thing {
	id := w.NewVendor()
	return thing{id: number(id), vendor: id}
}

func (w *accessWorld) newCustomer() thing {
	id, email := w.NewCustomer()
	return thing{id: number(id), customer: id, secrets: []string{email}}
}

// user is the account of a new customer.
func (w *accessWorld) user() thing {
	made := w.newCustomer()
	account, err := w.Deps.DB.AccountOf(w.t.Context(), made.secrets[0])
	if err != nil {
		w.t.Fatal(err)
	}
	made.id = number(account.Principal.UserID)
	return made
}

// sold is the product that the customer buys.
func (w *accessWorld) sold() int64 {
	if w.item != 0 {
		return w.item
	}
	return w.productOf(w.vendor)
}

func (w *accessWorld) product() thing { return thing{id: number(w.productOf(w.vendor))} }

func (w *accessWorld) productOf(vendor int64) int64 {
	cost := secretCost
	if vendor == w.otherVendor {
		cost = "2.00" // what is their own is no secret
	}
	return apitest.Decode[apitest.Made](w.Admin().Post("/api/catalog/products", map[string]any{
		"vendor_id": vendor, "category_id": w.categoryID, "item_name": "Lamp " + uuid.NewString(),
		"price": "10.00", "cost": cost, "stock": 1000,
	}).Want(http.StatusCreated)).ID
}

func (w *accessWorld) imported() thing {
	made := w.Vendor(w.vendor).Post("/api/catalog/imports", "sku\nA\n", "Content-Type", "text/csv").Want(http.StatusAccepted)
	return thing{id: apitest.Decode[struct{ ID string }](made).ID}
}

func (w *accessWorld) review() thing { return w.reviewBy(w.customer) }

func (w *accessWorld) strangersReview() thing {
	id, _ := w.NewCustomer()
	return w.reviewBy(id)
}

func (w *accessWorld) reviewBy(customer int64) thing {
	path := fmt.Sprintf("/api/catalog/products/%d/reviews", w.productOf(w.vendor))
	return thing{id: number(apitest.Decode[apitest.Made](w.Customer(customer).Post(path, map[string]any{"rating": 5}).Want(http.StatusCreated)).ID)}
}

func (w *accessWorld) order() thing {
	return thing{id: w.buy(w.customer, w.sold()).String()}
}

// shipment is the vendor's part of an order, as soon as it is planned.
func (w *accessWorld) shipment() thing {
	w.t.Helper()
	return thing{id: w.shipmentOf(w.buy(w.customer, w.sold()))}
}

func (w *accessWorld) shipmentOf(placed uuid.UUID) (id string) {
	w.t.Helper()
	workertest.Await(w.t, "the shipment to be planned", func() bool {
		planned, err := w.Deps.DB.ShipmentsOfOrder(w.t.Context(), placed)
		if err == nil && len(planned) > 0 {
			id = planned[0].ID.String()
		}
		return id != ""
	})
	return id
}

// returned is on its way back from the customer.
func (w *accessWorld) returned() thing {
	w.t.Helper()
	product, placed := w.sold(), w.back
	if placed == uuid.Nil {
		placed = w.delivered(w.buy(w.customer, product))
	}
	return thing{id: apitest.Decode[struct{ ID string }](w.Customer(w.customer).Post("/api/orders/"+placed.String()+"/returns",
		map[string]any{"items": []map[string]any{{"item_id": product, "qty": 1}}}, "Idempotency-Key", uuid.NewString()).
		Want(http.StatusCreated)).ID}
}

// delivered has an order of the vendor's arrive.
func (w *accessWorld) delivered(placed uuid.UUID) uuid.UUID {
	w.t.Helper()
	w.Vendor(w.vendor).Post("/api/vendor/shipments/"+w.shipmentOf(placed)+"/ship", nil).Want(http.StatusOK)
	w.AwaitStatus(placed, order.Delivered)
	return placed
}

// failedRefund is one that the provider has refused.
func (w *accessWorld) failedRefund() thing {
	w.t.Helper()
	product := w.sold()
	client := w.Customer(w.customer)
	body := workertest.CheckoutBody("refund_refused")
	body["items"] = []map[string]any{{"item_id": product, "qty": 1}}
	placed := apitest.Decode[order.Document](client.Post("/api/orders", body, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated)).ID
	w.Vendor(w.vendor).Post("/api/vendor/shipments/"+w.shipmentOf(placed)+"/ship", nil).Want(http.StatusOK)
	w.AwaitStatus(placed, order.Delivered)
	refund := apitest.Decode[order.Refund](w.Admin().Post("/api/orders/"+placed.String()+"/refunds",
		map[string]any{"amount": "1.00"}, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated))
	workertest.Await(w.t, "the refund to fail", func() bool {
		found := apitest.Decode[struct{ Items []order.Refund }](w.Admin().Get("/api/orders/" + placed.String() + "/refunds").Want(http.StatusOK)).Items
		return found[0].Status == "failed"
	})
	return thing{id: refund.ID.String()}
}

// buy has a customer buy one unit.
func (w *accessWorld) buy(customer, product int64) uuid.UUID {
	client := w.Customer(customer)
	client.Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)
	body := workertest.CheckoutBody("approve")
	if customer != w.otherCustomer {
		body["shipping_address"].(map[string]any)["line1"] = secretStreet
	}
	return apitest.Decode[order.Document](client.Post("/api/checkout", body, "Idempotency-Key", uuid.NewString()).
		Want(http.StatusCreated)).ID
}

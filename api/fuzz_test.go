package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/worker/workertest"
)

// bodied is an operation that takes a JSON body.
type bodied struct {
	method, path string
	operation    *openapi3.Operation
}

// withBody lists the operations that take a JSON body, by their ids.
func withBody(t testing.TB) map[string]bodied {
	found := map[string]bodied{}
	for path, item := range apitest.Document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if schemaOf(operation) != nil {
				found[operation.OperationID] = bodied{method, path, operation}
			}
		}
	}
	return found
}

// FuzzRequestBody sends any bytes as the body of any operation, about a resource that exists and belongs to
// whoever asks: the answer is never a 5xx; a refusal is a problem whose code the operation declares (see
// apitest), is not that the resource does not exist, and repeats nothing that was sent.
// `go test ./api -run '^$' -fuzz FuzzRequestBody` looks for more.
func FuzzRequestBody(f *testing.F) {
	world := newAccessWorld(f)
	world.item = world.productOf(world.vendor)
	world.Admin().Post("/api/catalog/products/"+number(world.item)+"/inventory", map[string]any{"delta": 1_000_000, "reason": "restock"}).Want(http.StatusCreated)
	rates := map[string]json.RawMessage{}
	for _, path := range []string{"/api/admin/tax-rates", "/api/admin/shipping-rates"} {
		rates[path] = world.Admin().Get(path).Want(http.StatusOK).Body
	}
	operations := withBody(f)
	var ids []string
	for id := range operations {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	units := []map[string]any{{"item_id": world.item, "qty": 1}}
	order, sale := workertest.CheckoutBody("approve"), map[string]any{
		"customer_id": world.customer, "channel": "counter", "payment_method": map[string]any{"type": "cash"}, "items": units,
	}
	order["items"] = units
	better := map[string][]any{
		"place-order": {order}, "register-sale": {sale}, "checkout": {workertest.CheckoutBody("approve")},
		"return-items": {map[string]any{"items": units}}, "receive-return": {map[string]any{"restock": true}},
		"refund-order":  {map[string]any{"items": units}, map[string]any{"amount": "0.01"}},
		"cancel-order":  {map[string]any{}, map[string]any{"reason": "changed my mind"}},
		"put-cart-item": {map[string]any{"qty": 1}}, "create-discount": {discountBody()},
		"replace-discount": {discountBody()}, "create-review": {map[string]any{"rating": 4}},
		"register": {map[string]any{"email": "new@example.com", "password": apitest.Password, "first_name": "Ana", "last_name": "Sousa"}},
		"create-product": {map[string]any{
			"vendor_id": world.vendor, "category_id": world.categoryID, "item_name": "Lamp", "price": "1.00", "cost": "1.00",
			"weight_kg": 0.5, "launch_date": "2026-01-31", "attributes": map[string]any{"colour": "red"},
		}},
		"put-roles":               {map[string]any{"roles": []string{"customer", "admin"}}},
		"create-webhook-endpoint": {map[string]any{"url": "https://example.com/hook", "event_types": []string{"order.returned"}}},
		"update-webhook-endpoint": {map[string]any{"url": "https://example.com/hook", "is_active": false}},
		"replace-tax-rates":       {rates["/api/admin/tax-rates"]},
	}
	for id := range better {
		if _, known := operations[id]; !known {
			f.Fatalf("no operation %s takes a body", id)
		}
	}
	for _, id := range ids {
		good := goodBody(operations[id].operation)
		for i, body := range append(better[id], good, shout(good), []any{good}, map[string]any{"body": good}) {
			text, err := json.Marshal(body)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(id, byte(i), text)
			if i <= len(better[id]) {
				f.Add(id, byte(i+1), text)
				f.Add(id, byte(i+2), text[:len(text)/2])
			}
		}
		f.Add(id, byte(0), []byte("\xff{\x00"))
	}
	// An input may take ten seconds. What takes time to make is made before: one order that has arrived, of so
	// many units that some are always left to give back, and shipments.
	order["items"] = []map[string]any{{"item_id": world.item, "qty": 10_000}}
	placed := apitest.Decode[struct{ ID uuid.UUID }](world.Customer(world.customer).Post("/api/orders", order, "Idempotency-Key", uuid.NewString()).Want(http.StatusCreated))
	world.back = world.delivered(placed.ID)
	const endpoint = "/api/webhooks/endpoints/{id}" // of which there may be twenty
	kept := world.shared(endpoint, things[endpoint])
	const shipment = "/api/vendor/shipments/{id}"
	var shipments []thing
	for range 8 {
		shipments = append(shipments, world.fresh(shipment, things[shipment]))
	}
	tried, taken := map[string]bool{}, map[string]bool{}
	f.Cleanup(func() {
		for id := range better {
			if len(tried) == len(ids) && !taken[id] {
				f.Errorf("no body of %s was taken", id)
			}
		}
	})
	f.Fuzz(func(t *testing.T, id string, who byte, body []byte) {
		if _, known := operations[id]; !known {
			id = ids[len(body)%len(ids)] // any bytes name an operation
		}
		w, path := world.during(t), operations[id].path
		tried[id] = true
		w.made[endpoint] = kept
		if _, known := w.made[shipment]; !known {
			w.made[shipment], shipments = shipments[0], append(shipments[1:], shipments[0])
		}
		taken[id] = w.send(id, operations[id], who, body) || taken[id]
		if before, are := rates[path]; are { // nothing could be bought at some of those that were sent
			w.Admin().Put(path, before).Want(http.StatusOK)
		}
	})
}

// during is the same world, which fails another test.
func (w *accessWorld) during(t *testing.T) *accessWorld {
	again := *w
	again.Shop, again.t = w.Shop.For(t), t
	return &again
}

// send sends a body as somebody who has the operation's resource and may call it, and tells whether it was
// taken.
func (w *accessWorld) send(id string, asked bodied, who byte, body []byte) (taken bool) {
	prefix, kind, hasThing := thingIn(asked.path)
	if needed := arrived[id]; needed && hasThing {
		kind.make = func(w *accessWorld) thing { return thing{id: w.back.String()} }
		prefix += " delivered"
	}
	target := w.shared(prefix, kind)
	if carts[id] {
		target.customer = w.otherCustomer
	}
	if id == "checkout" { // or refused, while another checkout is under way
		w.Customer(target.customer).Put("/api/cart/items/"+number(w.item), map[string]any{"qty": 1})
	}
	var may []auth.Role
	permission := auth.Permission(asked.operation.Extensions["x-permission"].(string))
	for _, role := range []auth.Role{auth.Customer, auth.Vendor, auth.Admin} {
		if slices.Contains(permission.GrantedTo(), role) {
			may = append(may, role)
		}
	}
	role := auth.Role("")
	if len(may) > 0 {
		role = may[int(who)%len(may)]
	}
	path := asked.path
	if hasThing {
		path = at(asked.path, asked.path, target.id)
	}
	answer := w.client(actor{role: role, own: true}, target).Do(asked.method, path, body,
		"Idempotency-Key", uuid.NewString(), "Prefer", "respond-async", "If-Match", "*")
	code := apitest.CodeOf(answer)
	switch {
	case answer.Status < http.StatusBadRequest:
		delete(w.made, prefix) // it may not be what it was
		return true
	case answer.Status >= http.StatusInternalServerError, code == "", code == "forbidden", code == "unauthenticated", hasThing && code == "not_found":
		w.t.Errorf("%s %s as %q answered %d %s", asked.method, path, role, answer.Status, answer.Body)
	}
	var sent any
	if json.Unmarshal(body, &sent) != nil {
		return false
	}
	for _, text := range texts(sent) {
		if strings.Contains(string(answer.Body), text) {
			w.t.Errorf("%s %s repeats %q: %s", asked.method, path, text, answer.Body)
		}
	}
	return false
}

// carts are operations on a customer's cart, which must not come between what another one buys to have
// an order.
var carts = map[string]bool{"put-cart-item": true, "checkout": true, "place-order": true}

// arrived are operations that do nothing to an order before it has arrived.
var arrived = map[string]bool{"return-items": true, "refund-order": true}

const shouted = "sh0uted-4475-text"

// shout puts a text that must not come back in place of every text of a body.
func shout(body any) any {
	switch value := body.(type) {
	case map[string]any:
		changed := map[string]any{}
		for name, inner := range value {
			changed[name] = shout(inner)
		}
		return changed
	case []any:
		changed := make([]any, len(value))
		for i, inner := range value {
			changed[i] = shout(inner)
		}
		return changed
	case string:
		return shouted
	default:
		return value
	}
}

// texts are the values of a body that an answer can only have from there: long, and with a digit
// among letters, as no sentence of ours has.
func texts(body any) []string {
	var found []string
	switch value := body.(type) {
	case map[string]any:
		for _, inner := range value {
			found = append(found, texts(inner)...)
		}
	case []any:
		for _, inner := range value {
			found = append(found, texts(inner)...)
		}
	case string:
		if utf8.RuneCountInString(value) >= 12 && strings.ContainsAny(value, "0123456789") && strings.ContainsAny(value, "abcdefghijklmnopqrstuvwxyz") {
			found = append(found, value)
		}
	}
	return found
}

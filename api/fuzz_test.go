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

// FuzzRequestBody sends any bytes as the body of any operation: the answer is never a 5xx; a
// refusal is a problem whose code the operation declares (see apitest), and repeats nothing that
// was sent. `go test ./api -run '^$' -fuzz FuzzRequestBody` looks for more.
func FuzzRequestBody(f *testing.F) {
	shop := apitest.New(f)
	vendor := shop.NewVendor()
	product := shop.NewProduct(vendor, shop.NewCategory(0), "5.00", 100)
	customer, _ := shop.NewCustomer()
	token, err := shop.Deps.Tokens.Issue(auth.Principal{CustomerID: customer, VendorID: vendor, Roles: auth.Roles})
	if err != nil {
		f.Fatal(err)
	}
	operations := withBody(f)
	var ids []string
	for id := range operations {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		good := goodBody(operations[id].operation)
		for _, body := range []any{good, shout(good), []any{good}, map[string]any{"body": good}} {
			text, err := json.Marshal(body)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(id, text)
			f.Add(id, text[:len(text)/2])
		}
		f.Add(id, []byte("\xff{\x00"))
	}
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		asked, known := operations[id]
		if !known {
			asked = operations[ids[len(body)%len(ids)]] // any bytes name an operation
		}
		path := strings.NewReplacer("{item_id}", number(product), "products/{id}", "products/"+number(product),
			"vendors/{id}", "vendors/"+number(vendor), "customers/{id}", "customers/"+number(customer)).Replace(asked.path)
		for name, example := range map[string]string{"orders/{id}": uuid.NewString(), "{id}": "1"} {
			path = strings.Replace(path, name, strings.Replace(name, "{id}", example, 1), 1)
		}
		answer := apitest.NewClient(t, shop.URL, token).Do(asked.method, path, body,
			"Idempotency-Key", uuid.NewString(), "Prefer", "respond-async", "If-Match", "*") // nobody works on orders here
		if answer.Status >= http.StatusInternalServerError {
			t.Errorf("%s %s answered %d %s", asked.method, path, answer.Status, answer.Body)
		}
		if answer.Status < http.StatusBadRequest {
			return
		}
		if apitest.CodeOf(answer) == "" {
			t.Errorf("%s %s refused with %s", asked.method, path, answer.Body)
		}
		var sent any
		if json.Unmarshal(body, &sent) != nil {
			return
		}
		for _, text := range texts(sent) {
			if strings.Contains(string(answer.Body), text) {
				t.Errorf("%s %s repeats %q: %s", asked.method, path, text, answer.Body)
			}
		}
	})
}

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

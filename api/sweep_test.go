package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/devstack"
)

// malformed bodies are wrong for every operation, or nearly.
var malformed = []string{
	``, ` `, `{`, `}`, `{}`, `[]`, `null`, `true`, `0`, `"text"`, `{}{}`, `{"a":}`, `{"unknown_field":1}`,
	`{"":""}`, "\x00", "\xff\xfe", `{"a":"` + "\xff" + `"}`, `{"a":"\u0000"}`, `{"\u0000":1}`, `{"a":"\ud800"}`, `1e999`,
	strings.Repeat("[", 20000), strings.Repeat(`{"a":`, 20000), `<xml/>`, `a=b&c=d`,
}

// odd values are put in each field of an otherwise good body, one at a time.
var odd = []any{
	nil, true, false, -1, 0, 1, 10_000, 1.5, 1e300, json.RawMessage(`1e400`), json.RawMessage(`9223372036854775808`),
	json.RawMessage(`-9223372036854775808`), json.RawMessage(`1.0`), json.RawMessage(`1e2`), "", " ", "x", "\x00", "-1", "-0.01",
	"0.001", "NaN", "1e5", "999999999.99", "9999999999999999.99", "99999999999999999999", "2026-02-30", "0000-01-01", "9999-12-31", "' or 1=1 --",
	"%s%n", "\u202e", strings.Repeat("x", 100_000), []any{}, []any{nil}, []any{1}, map[string]any{}, map[string]any{"a": 1},
	map[string]any{"": map[string]any{"": []any{nil}}},
}

// oddParameters are put in place of path and query parameters.
var oddParameters = []string{
	"0", "-1", "1.5", "1e3", "x", "%00", "%ff", "%20", "null", "true", "9223372036854775807", "9223372036854775808",
	"01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa", "%27", "..%2f..", strings.Repeat("9", 2000),
}

// oddHeaders are put in place of header parameters.
var oddHeaders = []string{"", "\xff\xfe", "\t", "é", strings.Repeat("x", 300), `"quoted"`}

// TestNoRequestIsTooOdd sends every operation of the OpenAPI document what it does not expect: the
// answer is never a 5xx, and when it is a refusal, a problem.
func TestNoRequestIsTooOdd(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	if err := devstack.EnsureRoles(t.Context(), shop.World.ObjectStore); err != nil { // whom the lake has credentials for
		t.Fatal(err)
	}
	vendor := shop.NewVendor()
	category := shop.NewCategory(0)
	product := shop.NewProduct(vendor, category, "5.00", 100)
	item := shop.NewProduct(vendor, category, "999999999.99", 1_000_000)
	customer, _ := shop.NewCustomer()
	other, _ := shop.NewCustomer()
	everybody := auth.Principal{CustomerID: customer, VendorID: vendor, Roles: auth.Roles}
	emptyHanded := everybody
	emptyHanded.CustomerID = other
	ids := map[string]int64{"vendors": vendor, "categories": category, "products": product, "customers": customer}

	asked := 0
	ask := func(method, path string, body any, headers ...string) {
		t.Helper()
		asked++
		client := shop.As(everybody)
		if strings.HasPrefix(path, "/api/checkout") {
			client = shop.As(emptyHanded) // an order that is placed would lock the cart
		}
		answer := client.Do(method, path, body, append([]string{
			"Idempotency-Key", uuid.NewString(), "Prefer", "respond-async", // nobody works on orders here
		}, headers...)...)
		short := path[:min(len(path), 120)]
		if answer.Status >= http.StatusInternalServerError {
			t.Errorf("%s %s answered %d to %.200v", method, short, answer.Status, body)
		}
		if answer.Status >= http.StatusBadRequest && answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s refused with %s", method, short, answer.Header.Get("Content-Type"))
		}
	}
	for pattern, operations := range apitest.Document(t).Paths.Map() {
		for method, operation := range operations.Operations() {
			path := strings.Replace(pattern, "{item_id}", jsonOf(t, item), 1)
			for segment, id := range ids {
				path = strings.Replace(path, segment+"/{id}", segment+"/"+jsonOf(t, id), 1)
			}
			for _, parameter := range operation.Parameters {
				for _, value := range oddParameters {
					switch place := "{" + parameter.Value.Name + "}"; parameter.Value.In {
					case "path":
						ask(method, strings.ReplaceAll(pattern, place, value), goodBody(operation))
					case "query":
						ask(method, path+"?"+parameter.Value.Name+"="+value, goodBody(operation))
					}
				}
				if parameter.Value.In == "header" && parameter.Value.Name != "Prefer" {
					for _, value := range oddHeaders {
						ask(method, path, goodBody(operation), parameter.Value.Name, value)
					}
				}
			}
			ask(method, path+"?unknown_parameter=1", goodBody(operation))
			ask(method, path+"?%zz", goodBody(operation))
			if operation.RequestBody == nil {
				continue
			}
			for _, body := range malformed {
				ask(method, path, body)
			}
			ask(method, path, goodBody(operation), "Content-Type", "text/plain")
			ask(method, path, goodBody(operation), "Content-Type", "application/x-www-form-urlencoded")
			ask(method, path, goodBody(operation), "Content-Type", ";+")
			for _, body := range mutations(schemaOf(operation)) {
				ask(method, path, body)
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d requests were made", asked)
	}
}

func schemaOf(operation *openapi3.Operation) *openapi3.Schema {
	if operation.RequestBody == nil {
		return nil
	}
	media := operation.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// goodBody is one that the schema takes; nil where there is none.
func goodBody(operation *openapi3.Operation) any {
	if schema := schemaOf(operation); schema != nil {
		return example(schema)
	}
	return nil
}

// example makes a value of schema.
func example(schema *openapi3.Schema) any {
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case schema.Type.Includes("object"):
		value := map[string]any{}
		for name, property := range schema.Properties {
			value[name] = example(property.Value)
		}
		return value
	case schema.Type.Includes("array"):
		return []any{example(schema.Items.Value)}
	case schema.Type.Includes("integer"), schema.Type.Includes("number"):
		return 1
	case schema.Type.Includes("boolean"):
		return false
	case schema.Format == "email":
		return "sweep@example.com"
	default:
		return "Seventeen letters"
	}
}

// mutations puts each odd value in each field of a good value of schema, at any depth.
func mutations(schema *openapi3.Schema) []any {
	if schema == nil {
		return nil
	}
	var bodies []any
	switch {
	case schema.Type.Includes("object"):
		good, _ := example(schema).(map[string]any)
		for name, property := range schema.Properties {
			without := maps.Clone(good)
			delete(without, name)
			bodies = append(bodies, without)
			for _, value := range slices.Concat(odd, mutations(property.Value)) {
				changed := maps.Clone(good)
				changed[name] = value
				bodies = append(bodies, changed)
			}
		}
	case schema.Type.Includes("array"):
		for _, value := range slices.Concat(odd, mutations(schema.Items.Value)) {
			bodies = append(bodies, []any{value})
		}
	}
	return bodies
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/auth"
)

// TestEveryOperationDeclaresWhoseItsResourceIs fails for an operation with an id in its path that
// the world of access_world_test.go knows no resource for: add it to things there.
func TestEveryOperationDeclaresWhoseItsResourceIs(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for path := range apitest.Document(t).Paths.Map() {
		if !strings.Contains(path, "{") {
			continue
		}
		if prefix, _, known := thingIn(path); known {
			used[prefix] = true
		} else {
			t.Errorf("%s: no world is known in which its resource exists and belongs to somebody", path)
		}
	}
	for prefix := range things {
		if !used[prefix] {
			t.Errorf("%s is in no operation's path any more", prefix)
		}
	}
}

// thingIn finds what the path of an operation asks for, by the longest beginning of the path.
func thingIn(path string) (prefix string, kind thingKind, known bool) {
	for candidate, k := range things {
		if (path == candidate || strings.HasPrefix(path, candidate+"/")) && len(candidate) > len(prefix) {
			prefix, kind, known = candidate, k, true
		}
	}
	return prefix, kind, known && !strings.Contains(path[len(prefix):], "{")
}

// TestAccessMatrix calls every operation as everybody: what a role may not do is 403, what belongs
// to another is 404 and looks as if it did not exist, and what is one's own is neither. Everything that
// somebody owns is there before the first list is read, in which nobody else may find it.
func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	world := newAccessWorld(t)
	world.fill()
	called := 0
	paths := apitest.Document(t).Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		operations := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			operation := operations[method]
			permission := auth.Permission(operation.Extensions["x-permission"].(string))
			for _, who := range actors {
				called++
				world.call(accessCase{method, path, operation, permission, who})
			}
		}
	}
	t.Logf("%d calls", called)
	if world.costsSeen == 0 {
		t.Error("nobody has been shown what a product costs: the search for it has found nothing at all")
	}
}

// actor is somebody in the matrix.
type actor struct {
	name string
	role auth.Role // "" for somebody who is not signed in
	own  bool      // for a customer or vendor: the resource is theirs
}

// actors come in an order in which those who may change a resource come last.
var actors = []actor{
	{name: "anonymous"},
	{name: "data engineer", role: auth.DataEngineer},
	{name: "data scientist", role: auth.DataScientist},
	{name: "BI analyst", role: auth.BIAnalyst},
	{name: "other customer", role: auth.Customer},
	{name: "other vendor", role: auth.Vendor},
	{name: "owner", role: auth.Customer, own: true},
	{name: "vendor", role: auth.Vendor, own: true},
	{name: "admin", role: auth.Admin, own: true},
}

// sees reports whether a thing of this kind exists for the actor.
func (a actor) sees(kind thingKind) bool {
	switch a.role {
	case auth.Customer:
		return a.own || !kind.ofCustomer
	case auth.Vendor:
		return a.own || !kind.ofVendor
	default:
		return true
	}
}

type accessCase struct {
	method, path string
	operation    *openapi3.Operation
	permission   auth.Permission
	who          actor
}

func (c accessCase) String() string { return fmt.Sprintf("%s %s as %s", c.method, c.path, c.who.name) }

// call asks as one actor, and compares the answer with what the actor may learn.
func (w *accessWorld) call(c accessCase) {
	w.t.Helper()
	prefix, kind, hasThing := thingIn(c.path)
	if strings.Contains(c.path, "{") && !hasThing {
		w.t.Errorf("%s: no resource is known", c)
		return
	}
	open := c.permission == auth.Open || c.permission == auth.Public
	allowed := open || slices.Contains(c.permission.GrantedTo(), c.who.role)
	public := c.permission == auth.Public && c.method == http.MethodGet
	target := w.shared(prefix, kind)
	if allowed && c.who.own && c.method != http.MethodGet {
		target = w.fresh(prefix, kind) // it may be gone afterwards
	}
	client := w.client(c.who, target)
	answer := w.ask(client, c, at(c.path, prefix, target.id), target)
	if c.method == http.MethodGet && len(whose(c.operation, target)) > 0 { // not even without naming the other
		w.wantNoSecrets(c, client.Get(at(c.path, prefix, target.id)), target)
	}

	code := apitest.CodeOf(answer)
	switch {
	case !allowed && c.who.role == "":
		if code != "unauthenticated" {
			w.t.Errorf("%s answered %d %s, want unauthenticated", c, answer.Status, answer.Body)
		}
	case !allowed:
		if code != "forbidden" {
			w.t.Errorf("%s answered %d %s, want forbidden", c, answer.Status, answer.Body)
		}
	case hasThing && !public && !c.who.sees(kind):
		if answer.Status != http.StatusNotFound || code != "not_found" {
			w.t.Errorf("%s answered %d %s, want 404", c, answer.Status, answer.Body)
		}
		never := w.ask(client, c, at(c.path, prefix, unknownID(target.id)), target)
		if never.Status != answer.Status || apitest.CodeOf(never) != code {
			w.t.Errorf("%s answers %d %s to what exists and %d %s to what does not", c, answer.Status, code, never.Status, apitest.CodeOf(never))
		}
	case code == "unauthenticated", code == "forbidden", hasThing && code == "not_found", answer.Status >= http.StatusInternalServerError:
		w.t.Errorf("%s answered %d %s", c, answer.Status, answer.Body)
	}
	w.wantNoSecrets(c, answer, target)
}

// ask sends a body that the operation takes.
func (w *accessWorld) ask(client *apitest.Client, c accessCase, path string, target thing) *apitest.Answer {
	w.t.Helper()
	var headers []string
	for _, parameter := range c.operation.Parameters {
		switch parameter.Value.Name {
		case "Idempotency-Key":
			headers = append(headers, "Idempotency-Key", uuid.NewString())
		case "If-Match":
			headers = append(headers, "If-Match", "*")
		}
	}
	body := goodBody(c.operation)
	if make, special := goodBodies[c.operation.OperationID]; special {
		body = make(w, target)
	}
	path += whose(c.operation, target)
	answer := client.Do(c.method, path, body, headers...)
	// Who may read and is told that a part does not answer yet has been let in, but has not seen anything.
	for again := time.Now().Add(2 * time.Minute); c.method == http.MethodGet && apitest.CodeOf(answer) == "unavailable" && time.Now().Before(again); {
		answer = client.Do(c.method, path, body, headers...)
	}
	return answer
}

// whose is the filter of an operation that asks for another's rows; "" where it has none.
func whose(operation *openapi3.Operation, target thing) string {
	owners := map[string]int64{"customer_id": target.customer, "vendor_id": target.vendor}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		if operation.Parameters.GetByInAndName("query", name) != nil {
			return "?" + name + "=" + strconv.FormatInt(owners[name], 10)
		}
	}
	return ""
}

// wantNoSecrets fails the test when an answer shows what is not for the actor.
func (w *accessWorld) wantNoSecrets(c accessCase, answer *apitest.Answer, target thing) {
	w.t.Helper()
	var secrets []string
	switch {
	case c.who.role == auth.Customer && c.who.own:
		secrets = w.secretsOfVendor
	case c.who.role == auth.Vendor && c.who.own:
		secrets = nil // a vendor knows who buys
	case c.who.role == "" || c.who.role == auth.Customer || c.who.role == auth.Vendor:
		secrets = slices.Concat(w.secretsOfVendor, w.secretsOfCustomer, target.secrets)
	}
	if answer.Status < http.StatusMultipleChoices && (c.who.role == auth.Customer || c.who.role == auth.Vendor) {
		for _, other := range w.foreign {
			if !c.who.sees(other.kind) && strings.Contains(string(answer.Body), other.id) {
				w.t.Errorf("%s shows %s: %s", c, other.id, answer.Body)
			}
		}
	}
	var body any
	if json.Unmarshal(answer.Body, &body) == nil {
		w.wantOnlyOwnCosts(c, body, 0, target)
	}
	for _, secret := range secrets {
		if strings.Contains(string(answer.Body), secret) {
			w.t.Errorf("%s shows %q: %s", c, secret, answer.Body)
		}
	}
}

// costs are names of fields that tell what a product costs its vendor, or from which that follows.
var costs = []string{"cost", "unit_cost", "margin", "margin_percent", "profit"}

// wantOnlyOwnCosts fails the test when something of a vendor's tells what it costs to anybody but that
// vendor and operators. vendor is whose the surrounding thing is; 0 where it does not say.
func (w *accessWorld) wantOnlyOwnCosts(c accessCase, body any, vendor int64, target thing) {
	w.t.Helper()
	switch body := body.(type) {
	case []any:
		for _, item := range body {
			w.wantOnlyOwnCosts(c, item, vendor, target)
		}
	case map[string]any:
		if id, ok := body["vendor_id"].(float64); ok {
			vendor = int64(id)
		}
		for name, value := range body {
			if slices.Contains(costs, name) && value != nil {
				w.costsSeen++
				reader := w.otherVendor
				if c.who.own {
					reader = target.vendor
				}
				if c.who.role != auth.Admin && (c.who.role != auth.Vendor || vendor != reader) {
					w.t.Errorf("%s shows the %s %v of vendor %d", c, name, value, vendor)
				}
			}
			w.wantOnlyOwnCosts(c, value, vendor, target)
		}
	}
}

// at puts id in the path of an operation, whose beginning is prefix.
func at(path, prefix, id string) string {
	if prefix == "" {
		return path
	}
	before, rest, _ := strings.Cut(path, "{")
	_, after, _ := strings.Cut(rest, "}")
	return before + id + after
}

// unknownID has the form of id, and nothing has it.
func unknownID(id string) string {
	if _, err := uuid.Parse(id); err == nil {
		return uuid.NewString()
	}
	return "999999999"
}

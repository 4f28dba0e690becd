package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
)

// outside is what is served without being in the OpenAPI document, to anybody.
var outside = []string{"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/static/*file"}

func TestEveryOperationDeclaresWhoMayCallIt(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for path, item := range apitest.Document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			permission, _ := operation.Extensions["x-permission"].(string)
			if !auth.Permission(permission).Known() {
				t.Errorf("%s %s declares the permission %q", method, path, permission)
			}
			documented[method+" "+strings.NewReplacer("{", ":", "}", "").Replace(path)] = true
		}
	}
	for _, route := range api.New(api.Deps{}).Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !documented[route] && (method != http.MethodGet || !slices.Contains(outside, path)) {
			t.Errorf("%s is served, and neither documented nor known to be outside", route)
		}
	}
}

// TestEveryOperationAsksForItsPermission calls every operation as each role, and as nobody.
func TestEveryOperationAsksForItsPermission(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	nobody := auth.Role("")
	for path, item := range apitest.Document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			permission := auth.Permission(operation.Extensions["x-permission"].(string))
			if permission == auth.Open || permission == auth.Public {
				continue
			}
			for _, role := range append(slices.Clone(auth.Roles), nobody) {
				client := shop.As(auth.Principal{CustomerID: 1, VendorID: 1, Roles: []auth.Role{role}})
				if role == nobody {
					client = shop.Anyone()
				}
				// A query that no operation knows: whoever may call it gets no further.
				answer := client.Do(method, strings.NewReplacer("{", "", "}", "").Replace(path)+"?unknown=1", nil)
				switch {
				case role == nobody:
					answer.WantProblem(http.StatusUnauthorized, "unauthenticated")
				case slices.Contains(permission.GrantedTo(), role):
					answer.WantProblem(http.StatusUnprocessableEntity, "validation_failed")
				default:
					answer.WantProblem(http.StatusForbidden, "forbidden")
				}
			}
		}
	}
}

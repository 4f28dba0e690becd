package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"mercado/api/apitest"
)

var linked = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// TestTheDocumentationNeedsNoOtherServer follows every link of the page.
func TestTheDocumentationNeedsNoOtherServer(t *testing.T) {
	t.Parallel()
	anyone := apitest.New(t).Anyone()
	page := anyone.Get("/docs").Want(http.StatusOK)
	if policy := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'") {
		t.Errorf("policy %q", policy)
	}
	links := linked.FindAllStringSubmatch(string(page.Body), -1)
	if len(links) < 4 {
		t.Fatalf("links of the page: %v", links)
	}
	for _, link := range links {
		if link[1] == "data:," {
			continue
		}
		if !strings.HasPrefix(link[1], "/") {
			t.Errorf("the page links to %s", link[1])
			continue
		}
		anyone.Get(link[1]).Want(http.StatusOK)
	}
	anyone.Get("/static/vendor/swagger-ui-dist-5.35.0/LICENSE").Want(http.StatusOK)
	for _, path := range []string{"/static/", "/static/vendor", "/static/vendor/", "/static/..%2fstatic.go", "/static/none.js"} {
		anyone.Get(path).WantProblem(http.StatusNotFound, "not_found")
	}
	if document := anyone.Get("/openapi.json").Want(http.StatusOK); !strings.Contains(string(document.Body), `"openapi":"3.1.0"`) {
		t.Errorf("document %.100s", document.Body)
	}
}

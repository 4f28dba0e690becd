package apitest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mercado/api/apitest"
)

// TestTransportTellsWhatTheDocumentDoesNotKnow goes to an API that keeps to the document, and then does not.
func TestTransportTellsWhatTheDocumentDoesNotKnow(t *testing.T) {
	t.Parallel()
	const good = `{"items": [], "next_cursor": null}`
	for _, c := range []struct {
		what, path, cache, body string
		status                  int
		wrong                   string // empty: nothing
	}{
		{"a page", "/api/catalog/vendors", "no-store", good, http.StatusOK, ""},
		{"another status", "/api/catalog/vendors", "no-store", good, http.StatusTeapot, "418"},
		{"a field too few", "/api/catalog/vendors", "no-store", `{"items": []}`, http.StatusOK, "next_cursor"},
		{"another type", "/api/catalog/vendors", "no-store", `{"items": {}, "next_cursor": null}`, http.StatusOK, "items"},
		{"no header", "/api/catalog/vendors", "", good, http.StatusOK, "Cache-Control"},
		{"what is not in it", "/api/nothing", "no-store", good, http.StatusOK, "no such operation"},
		{"what is none of its", "/livez", "", "ok", http.StatusOK, ""},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range map[string]string{
				"Content-Type": "application/json", "X-Request-Id": "1", "X-Content-Type-Options": "nosniff", "Cache-Control": c.cache,
			} {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		var told []string
		client := http.Client{Transport: apitest.Transport(func(wrong error) { told = append(told, wrong.Error()) })}
		response, err := client.Get(server.URL + c.path)
		if err != nil {
			t.Fatal(err)
		}
		received, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		server.Close()
		if err != nil || response.StatusCode != c.status || string(received) != c.body {
			t.Errorf("%s: %d %s, %v came through", c.what, response.StatusCode, received, err)
		}
		if (c.wrong == "") != (len(told) == 0) || len(told) > 1 || len(told) == 1 && !strings.Contains(told[0], c.wrong) {
			t.Errorf("%s: it tells %q, want %q", c.what, told, c.wrong)
		}
	}
}

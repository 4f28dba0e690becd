package api_test

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"mercado/api"
	"mercado/api/apitest"
)

var update = flag.Bool("update", false, "write openapi.yaml anew")

// TestOpenAPIDocumentIsCurrent keeps the committed document, and the pages that are made with it,
// equal to what the operations say.
func TestOpenAPIDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	served := api.New(api.Deps{})
	document, err := served.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{
		"openapi.yaml": document, "../docs/errors.md": served.ErrorsPage(), "../docs/access.md": served.AccessPage(),
	} {
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what `mercado openapi` prints: run `make generate`", file)
		}
	}
}

// TestEveryOpenAPICodeHasAnOperation fails for a code in problem_codes.go that nothing declares.
func TestEveryOpenAPICodeHasAnOperation(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(string(api.New(api.Deps{}).ErrorsPage())) {
		if strings.HasSuffix(line, "| nothing |\n") {
			t.Errorf("no operation declares it: %s", line)
		}
	}
}

// TestListsHavePagesOrSayWhyNot fails for a list without next_cursor whose description does not say that
// all of it is in one answer, and so what bounds it.
func TestListsHavePagesOrSayWhyNot(t *testing.T) {
	t.Parallel()
	paged, whole := 0, 0
	for path, item := range apitest.Document(t).Paths.Map() {
		if item.Get == nil {
			continue
		}
		answer := item.Get.Responses.Status(http.StatusOK)
		if answer == nil {
			continue
		}
		media := answer.Value.Content.Get("application/json")
		if media == nil || media.Schema == nil {
			continue
		}
		if of := media.Schema.Value.Properties; of["items"] == nil || of["id"] != nil { // an order has items, and is no list
			continue
		}
		switch {
		case media.Schema.Value.Properties["next_cursor"] != nil:
			paged++
		case strings.Contains(item.Get.Description, "in one answer"):
			whole++
		default:
			t.Errorf("GET %s has neither pages nor a word on what bounds it", path)
		}
	}
	if paged < 20 || whole != 5 {
		t.Errorf("%d lists have pages, want most; %d come whole, want 5", paged, whole)
	}
}

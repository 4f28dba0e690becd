package api_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"mercado/api"
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

// TestEveryOpenAPICodeHasAnOperation fails for a code in problem.go that nothing declares.
func TestEveryOpenAPICodeHasAnOperation(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(string(api.New(api.Deps{}).ErrorsPage())) {
		if strings.HasSuffix(line, "| nothing |\n") {
			t.Errorf("no operation declares it: %s", line)
		}
	}
}

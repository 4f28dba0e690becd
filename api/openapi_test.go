package api_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"mercado/api"
)

var update = flag.Bool("update", false, "write openapi.yaml anew")

// TestOpenAPIDocumentIsCurrent keeps the committed document equal to what the operations say.
func TestOpenAPIDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := api.New(api.Deps{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.yaml", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("api/openapi.yaml is not what `mercado openapi` prints: run `make generate`")
	}
}

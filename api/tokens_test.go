package api_test

import (
	"os"
	"strings"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/sandbox"
)

// TestTokensOfTheSandboxAreDocumented compares the sandbox with the OpenAPI text of every operation
// that takes a token, and with docs/payments.md: all of its tokens, in its order, and no others.
func TestTokensOfTheSandboxAreDocumented(t *testing.T) {
	t.Parallel()
	var table, list strings.Builder
	for _, token := range sandbox.Tokens {
		table.WriteString("| `" + token.Token + "` | " + token.About + " |\n")
		list.WriteString("- `" + token.Token + "`: " + token.About + "\n")
	}
	page, err := os.ReadFile("../docs/payments.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "|---|---|\n"+table.String()+"| any other |") {
		t.Errorf("docs/payments.md does not list:\n%s", table.String())
	}
	paths := apitest.Document(t).Paths
	for _, path := range []string{"/api/checkout", "/api/orders"} {
		if about := paths.Value(path).Post.Description; !strings.Contains(about, ":\n\n"+list.String()+"- any other:") {
			t.Errorf("POST %s does not list:\n%s\nbut says: %s", path, list.String(), about)
		}
	}
}

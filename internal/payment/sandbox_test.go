package payment_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mercado/internal/payment"
)

// An error goes into the history of a workflow, where the body of an answer has no place.
func TestErrorKeepsTheAnswerOfTheProviderToItself(t *testing.T) {
	t.Parallel()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the token tok_secret was used", http.StatusConflict)
	}))
	t.Cleanup(provider.Close)
	_, err := payment.NewSandbox(provider.URL, "", 0).Authorize(t.Context(), payment.Authorization{})
	if err == nil || !strings.Contains(err.Error(), "409") || strings.Contains(err.Error(), "tok_secret") {
		t.Errorf("the error is %v", err)
	}
}

package api_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"mercado/api/apitest"
	"mercado/worker/workertest"
)

// TestPasswordsAreAsTheSettingsSay has `mercado api` run with a length and a list of the shop's own.
func TestPasswordsAreAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "leaked.txt")
	if err := os.WriteFile(list, []byte("seven tired plumbers whistle\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shop := workertest.NewProcesses(t, "MERCADO_PASSWORD_MIN_LENGTH=20", "MERCADO_PASSWORD_BLOCKLIST="+list)
	register := func(password string) *apitest.Answer {
		return apitest.NewClient(t, shop.URL, "").Post("/api/identity/register", map[string]string{
			"email": "customer@example.com", "password": password, "first_name": "Ana", "last_name": "Sousa",
		})
	}
	problem := register("vidro azul na sala.").WantProblem(http.StatusUnprocessableEntity, "weak_password")
	if len(problem.Errors) != 1 || problem.Errors[0].Message != "expected at least 20 characters" {
		t.Errorf("one of 19 characters: %+v", problem.Errors)
	}
	register("Seven tired plumbers whistle").WantProblem(http.StatusUnprocessableEntity, "weak_password")
	register("vidro azul na sala 7").Want(http.StatusCreated)
}

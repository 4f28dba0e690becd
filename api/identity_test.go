package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/settings"
)

type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
}

func signIn(shop *apitest.Shop, email string) tokens {
	return apitest.Decode[tokens](shop.Anyone().Post("/api/identity/token",
		map[string]string{"username": email, "password": apitest.Password}).Want(http.StatusOK))
}

func TestACustomerRegistersAndSignsIn(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, email := shop.NewCustomer()

	got := signIn(shop, strings.ToUpper(email)) // one spelling of an address is as good as another
	if got.TokenType != "Bearer" || got.ExpiresIn != 900 {
		t.Errorf("signing in gave %+v", got)
	}
	me := shop.Anyone().With(got.AccessToken)
	if shown := apitest.Decode[apitest.Made](me.Get(fmt.Sprintf("/api/identity/customers/%d", id)).Want(http.StatusOK)); shown.ID != id {
		t.Errorf("customer %d reads %d", id, shown.ID)
	}
	// Nobody else's row exists to a customer, whether or not it does.
	other, _ := shop.NewCustomer()
	me.Get(fmt.Sprintf("/api/identity/customers/%d", other)).WantProblem(http.StatusNotFound, "not_found")
	me.Get("/api/identity/customers/999999").WantProblem(http.StatusNotFound, "not_found")
	me.Patch(fmt.Sprintf("/api/identity/customers/%d", other), map[string]string{"city": "Porto"}).
		WantProblem(http.StatusNotFound, "not_found")
	me.Get("/api/identity/customers").WantProblem(http.StatusForbidden, "forbidden")
}

func TestSigningInTellsNobodyWhatWasWrong(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	for name, body := range map[string]map[string]string{
		"wrong password": {"username": email, "password": "a long way to go, wrongly"},
		"unknown person": {"username": "nobody@example.com", "password": apitest.Password},
		"not an address": {"username": "nobody", "password": apitest.Password},
	} {
		problem := shop.Anyone().Post("/api/identity/token", body).WantProblem(http.StatusUnauthorized, "invalid_credentials")
		if len(problem.Errors) != 0 {
			t.Errorf("%s: %+v", name, problem)
		}
	}
}

func TestAnAddressRegistersOnce(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	shop.Anyone().Post("/api/identity/register", map[string]string{
		"email": "  " + strings.ToUpper(email), "password": apitest.Password, "first_name": "Ana", "last_name": "Sousa",
	}).WantProblem(http.StatusConflict, "email_taken")

	var registered sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		registered.Go(func() {
			statuses[i] = shop.Anyone().Post("/api/identity/register", map[string]string{
				"email": "race@example.com", "password": apitest.Password, "first_name": "Ana", "last_name": "Sousa",
			}).Status
		})
	}
	registered.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusConflict] != len(statuses)-1 {
		t.Errorf("registering at once answered %v", count)
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	for _, password := range []string{"short", "passwordpassword", "PasswordPassword", "aaaaaaaaaaaaaaaaaaaa", "weak.password@example.com"} {
		problem := shop.Anyone().Post("/api/identity/register", map[string]string{
			"email": "weak.password@example.com", "password": password, "first_name": "Ana", "last_name": "Sousa",
		}).WantProblem(http.StatusUnprocessableEntity, "weak_password")
		if len(problem.Errors) != 1 || problem.Errors[0].Location != "body.password" {
			t.Errorf("%q: %+v", password, problem.Errors)
		}
	}
}

func TestUsingARefreshTokenTwiceEndsTheSession(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	refresh := func(token string) *apitest.Answer {
		return shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": token})
	}
	first := signIn(shop, email)
	second := apitest.Decode[tokens](refresh(first.RefreshToken).Want(http.StatusOK))
	third := apitest.Decode[tokens](refresh(second.RefreshToken).Want(http.StatusOK))
	other := signIn(shop, email) // another device

	refresh(first.RefreshToken).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	refresh(third.RefreshToken).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	refresh(other.RefreshToken).Want(http.StatusOK)
}

func TestARefreshTokenIsExchangedOnceByMany(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	token := signIn(shop, email).RefreshToken
	var done sync.WaitGroup
	statuses := make([]int, 6)
	for i := range statuses {
		done.Go(func() {
			statuses[i] = shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": token}).Status
		})
	}
	done.Wait()
	good := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			good++
		}
	}
	if good != 1 {
		t.Errorf("exchanging one token at once answered %v", statuses)
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	body := map[string]string{"refresh_token": signIn(shop, email).RefreshToken}
	shop.Anyone().Post("/api/identity/logout", body).Want(http.StatusNoContent)
	shop.Anyone().Post("/api/identity/logout", body).Want(http.StatusNoContent)
	shop.Anyone().Post("/api/identity/token/refresh", body).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
}

func TestADeactivatedCustomerIsSignedOut(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, email := shop.NewCustomer()
	session := signIn(shop, email)
	path := fmt.Sprintf("/api/identity/customers/%d", id)
	shop.Anyone().With(session.AccessToken).Delete(path).WantProblem(http.StatusForbidden, "forbidden")
	shop.Admin().Delete(path).Want(http.StatusNoContent)
	shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": session.RefreshToken}).
		WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	shop.Anyone().Post("/api/identity/token", map[string]string{"username": email, "password": apitest.Password}).
		WantProblem(http.StatusUnauthorized, "invalid_credentials")
	// The access token is good for some minutes more: to look, not to change.
	shop.Anyone().With(session.AccessToken).Get(path).Want(http.StatusOK)
	shop.Anyone().With(session.AccessToken).Patch(path, map[string]string{"city": "Porto"}).
		WantProblem(http.StatusForbidden, "customer_inactive")
	shop.Admin().Patch(path, map[string]string{"city": "Porto"}).Want(http.StatusOK)
	shop.Admin().Delete("/api/identity/customers/999999").WantProblem(http.StatusNotFound, "not_found")
}

func TestExpiredRefreshTokensAreCleared(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	expired := signIn(shop, email).RefreshToken
	if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "update identity.refresh_tokens set expires_at = now()"); err != nil {
		t.Fatal(err)
	}
	refuse := func() {
		t.Helper()
		shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": expired}).
			WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	}
	refuse() // while it is kept
	signIn(shop, email)
	var kept int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from identity.refresh_tokens").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d tokens are kept, %v", kept, err)
	}
	refuse()
}

func TestProductionRefusesThePasswordOfDemoLogins(t *testing.T) {
	t.Parallel()
	for mode, status := range map[string]int{"development": http.StatusOK, "production": http.StatusUnauthorized} {
		shop := apitest.New(t, func(deps *api.Deps) { deps.Environment.Mode = mode })
		_, email := shop.NewCustomer()
		hash, err := shop.Deps.Passwords.Hash(t.Context(), settings.DevelopmentPassword)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "update identity.users set password_hash = $1", hash); err != nil {
			t.Fatal(err)
		}
		shop.Anyone().Post("/api/identity/token", map[string]string{"username": email, "password": settings.DevelopmentPassword}).
			Want(status)
	}
}

func TestOperatorsLookCustomersUp(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, email := shop.NewCustomer()
	shop.NewCustomer()
	path := fmt.Sprintf("/api/identity/customers/%d", id)
	shop.Customer(id).Patch(path, map[string]any{
		"last_name": " Óbidos_ ", "city": "Porto", "country": "PT", "birth_date": "1990-02-28",
	}).Want(http.StatusOK)
	for _, query := range []string{email[:len(email)-4], "óbidos_", "ana%20ó"} {
		found := apitest.Decode[page](shop.Admin().Get("/api/identity/customers?q=" + query).Want(http.StatusOK))
		if len(found.Items) != 1 || found.Items[0].ID != id {
			t.Errorf("looking for %q found %+v", query, found.Items)
		}
	}
	// An underscore is no wildcard.
	if found := apitest.Decode[page](shop.Admin().Get("/api/identity/customers?q=_bidos").Want(http.StatusOK)); len(found.Items) != 0 {
		t.Errorf("found %+v", found.Items)
	}
}

package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/settings"
)

// limits sets the limits of a shop.
func limits(account, address settings.Rate) func(*api.Deps) {
	return func(deps *api.Deps) {
		deps.Auth.SignInsPerAccount, deps.Auth.SignInsPerAddress = account, address
		deps.TrustedProxies = []string{"127.0.0.1"} // so that a test may come from anywhere
	}
}

// try signs in from an address.
func try(client *apitest.Client, username, password, address string) *apitest.Answer {
	return client.Post("/api/identity/token", map[string]string{"username": username, "password": password}, "X-Forwarded-For", address)
}

const (
	wrong = "a long way to go, wrongly"
	home  = "192.0.2.1"
	away  = "198.51.100.7"
)

func TestAnAccountTakesSoManyAttempts(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 3, Per: time.Hour}, settings.Rate{}))
	_, email := shop.NewCustomer()
	other := apitest.NewClient(t, shop.Again().URL, "") // another process with the same database
	clients := []*apitest.Client{shop.Anyone(), other}
	for _, username := range []string{email, "nobody@example.com", "no address"} {
		for i := range 3 {
			try(clients[i%2], username, wrong, fmt.Sprintf("203.0.113.%d", i)).WantProblem(http.StatusUnauthorized, "invalid_credentials")
		}
		hashed := shop.Deps.Passwords.Hashed()
		refused := try(shop.Anyone(), username, apitest.Password, away)
		refused.WantProblem(http.StatusTooManyRequests, "too_many_attempts")
		if wait, err := strconv.Atoi(refused.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 20*60 {
			t.Errorf("Retry-After %q: an attempt of three an hour is back within 20 minutes", refused.Header.Get("Retry-After"))
		}
		if shop.Deps.Passwords.Hashed() != hashed {
			t.Error("a password was hashed for an attempt that is refused")
		}
	}
	// It is no denial of service for ever: each attempt comes back, and the owner gets in.
	later(t, shop, "20 minutes")
	try(shop.Anyone(), email, apitest.Password, away).Want(http.StatusOK)
	// Signing in starts anew.
	for range 3 {
		try(shop.Anyone(), email, wrong, away).WantProblem(http.StatusUnauthorized, "invalid_credentials")
	}
}

func TestAttemptsAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 5, Per: time.Hour}, settings.Rate{Count: 8, Per: time.Hour}))
	_, email := shop.NewCustomer()
	other := apitest.NewClient(t, shop.Again().URL, "")
	count := func(attempts int, username func(int) string) (passed int) {
		var done sync.WaitGroup
		statuses := make([]int, attempts)
		for i := range statuses {
			client := []*apitest.Client{shop.Anyone(), other}[i%2]
			done.Go(func() { statuses[i] = try(client, username(i), wrong, away).Status })
		}
		done.Wait()
		for _, status := range statuses {
			if status == http.StatusUnauthorized {
				passed++
			}
		}
		return passed
	}
	if passed := count(20, func(int) string { return email }); passed != 5 {
		t.Errorf("%d of 20 attempts at one account passed, want 5", passed)
	}
	// Those that the account refused were not counted for the address.
	if passed := count(20, func(i int) string { return fmt.Sprintf("n%d@example.com", i) }); passed != 3 {
		t.Errorf("%d of 20 attempts from one address passed, want the 3 that are left", passed)
	}
}

// TestAGuesserDoesNotLockTheOwnerOut: an address that has signed in before is counted by itself.
func TestAGuesserDoesNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 2, Per: time.Hour}, settings.Rate{}))
	_, email := shop.NewCustomer()
	try(shop.Anyone(), email, apitest.Password, home).Want(http.StatusOK)
	for i := range 2 {
		try(shop.Anyone(), email, wrong, fmt.Sprintf("203.0.113.%d", i)).Want(http.StatusUnauthorized)
	}
	try(shop.Anyone(), email, wrong, "203.0.113.9").Want(http.StatusTooManyRequests)
	try(shop.Anyone(), email, apitest.Password, home).Want(http.StatusOK)
	for range 2 {
		try(shop.Anyone(), email, wrong, home).Want(http.StatusUnauthorized)
	}
	try(shop.Anyone(), email, apitest.Password, home).Want(http.StatusTooManyRequests)
}

// TestAnAddressIsKnownForAWhile: one that somebody has signed in from is known for ninety days, each time anew.
func TestAnAddressIsKnownForAWhile(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 2, Per: time.Hour}, settings.Rate{}))
	_, email := shop.NewCustomer()
	pass := func(days string) {
		t.Helper()
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "update identity.known_addresses set seen_at = seen_at - $1::text::interval", days); err != nil {
			t.Fatal(err)
		}
	}
	guess := func() {
		t.Helper()
		for i := range 2 {
			try(shop.Anyone(), email, wrong, fmt.Sprintf("203.0.113.%d", i)).Want(http.StatusUnauthorized)
		}
	}
	try(shop.Anyone(), email, apitest.Password, home).Want(http.StatusOK)
	for range 2 { // seen after 89 days, and 89 days after that
		pass("89 days")
		guess()
		try(shop.Anyone(), email, apitest.Password, home).Want(http.StatusOK)
	}
	pass("91 days")
	guess()
	try(shop.Anyone(), email, apitest.Password, home).WantProblem(http.StatusTooManyRequests, "too_many_attempts")
}

func TestAnAddressTakesSoManyAttempts(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 100, Per: time.Hour}, settings.Rate{Count: 2, Per: time.Hour}), func(deps *api.Deps) {
		deps.Auth.RegistersPerAddress = settings.Rate{Count: 1, Per: time.Hour}
		deps.Auth.RefreshesPerAddress = settings.Rate{Count: 1, Per: time.Hour}
	})
	// The hosts of one IPv6 network are one; what is before the proxy's own word is not believed.
	for i, from := range []string{"2001:db8:1:2::1", "9.9.9.9, 2001:db8:1:2:ffff::2"} {
		try(shop.Anyone(), fmt.Sprintf("n%d@example.com", i), wrong, from).Want(http.StatusUnauthorized)
	}
	try(shop.Anyone(), "n3@example.com", wrong, "2001:db8:1:2::3").Want(http.StatusTooManyRequests)
	try(shop.Anyone(), "n3@example.com", wrong, "2001:db8:1:3::3").Want(http.StatusUnauthorized)

	body := map[string]string{"email": "ana@example.com", "password": apitest.Password, "first_name": "Ana", "last_name": "Sousa"}
	shop.Anyone().Post("/api/identity/register", body, "X-Forwarded-For", home).Want(http.StatusCreated)
	shop.Anyone().Post("/api/identity/register", body, "X-Forwarded-For", home).WantProblem(http.StatusTooManyRequests, "too_many_attempts")
	shop.Anyone().Post("/api/identity/register", body, "X-Forwarded-For", away).WantProblem(http.StatusConflict, "email_taken")
	refresh := map[string]string{"refresh_token": "unknown"}
	shop.Anyone().Post("/api/identity/token/refresh", refresh, "X-Forwarded-For", home).Want(http.StatusUnauthorized)
	shop.Anyone().Post("/api/identity/token/refresh", refresh, "X-Forwarded-For", home).Want(http.StatusTooManyRequests)
}

// TestNobodyNamesTheirOwnAddress: without a trusted proxy the peer is the client.
func TestNobodyNamesTheirOwnAddress(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{}, settings.Rate{Count: 2, Per: time.Hour}), func(deps *api.Deps) { deps.TrustedProxies = nil })
	for i := range 2 {
		try(shop.Anyone(), "n@example.com", wrong, fmt.Sprintf("203.0.113.%d", i)).Want(http.StatusUnauthorized)
	}
	shop.Anyone().Post("/api/identity/token", map[string]string{"username": "n@example.com", "password": wrong},
		"X-Forwarded-For", "203.0.113.77", "X-Real-Ip", "203.0.113.78", "Forwarded", "for=203.0.113.79").Want(http.StatusTooManyRequests)
}

// TestEverybodysPasswordIsHashed: who is unknown, inactive or wrong costs the same, and gets the
// same answer.
func TestEverybodysPasswordIsHashed(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	closed, closedEmail := shop.NewCustomer()
	shop.Admin().Delete(fmt.Sprintf("/api/identity/customers/%d", closed)).Want(http.StatusNoContent)
	var answers []api.Problem
	for username, password := range map[string]string{
		email: wrong, "nobody@example.com": wrong, "no address": wrong, closedEmail: apitest.Password, "": "",
	} {
		before := shop.Deps.Passwords.Hashed()
		problem := try(shop.Anyone(), username, password, home).WantProblem(http.StatusUnauthorized, "invalid_credentials")
		if hashed := shop.Deps.Passwords.Hashed() - before; hashed != 1 {
			t.Errorf("%q: %d passwords were hashed", username, hashed)
		}
		problem.RequestID = ""
		answers = append(answers, problem)
	}
	for _, answer := range answers {
		if fmt.Sprint(answer) != fmt.Sprint(answers[0]) {
			t.Errorf("%+v and %+v differ", answer, answers[0])
		}
	}
}

func TestOldAttemptsAreCleared(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t, limits(settings.Rate{Count: 3, Per: time.Hour}, settings.Rate{}))
	for i := range 9 {
		try(shop.Anyone(), fmt.Sprintf("n%d@example.com", i), wrong, home).Want(http.StatusUnauthorized)
	}
	later(t, shop, "2 hours")
	for i := range 3 {
		try(shop.Anyone(), fmt.Sprintf("m%d@example.com", i), wrong, home).Want(http.StatusUnauthorized)
	}
	var kept int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from identity.attempts").Scan(&kept); err != nil || kept != 3 {
		t.Errorf("%d subjects are kept, %v", kept, err)
	}
}

// later has time pass for all attempts.
func later(t *testing.T, shop *apitest.Shop, time string) {
	t.Helper()
	if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "update identity.attempts set full_at = full_at - $1::text::interval", time); err != nil {
		t.Fatal(err)
	}
}

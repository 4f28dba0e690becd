package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/auth"
)

type granted struct {
	Roles    []string `json:"roles"`
	VendorID *int64   `json:"vendor_id"`
}

type account struct {
	granted
	ID         int64  `json:"id"`
	Email      string `json:"email"`
	CustomerID *int64 `json:"customer_id"`
	IsActive   bool   `json:"is_active"`
}

// userOf finds an account by its e-mail address.
func userOf(t *testing.T, shop *apitest.Shop, email string) account {
	t.Helper()
	found := apitest.Decode[struct{ Items []account }](shop.Admin().Get("/api/identity/users?q=" + strings.ToUpper(email)).Want(http.StatusOK))
	if len(found.Items) != 1 {
		t.Fatalf("looking for %s found %+v", email, found)
	}
	return found.Items[0]
}

func rolesPath(id int64) string { return fmt.Sprintf("/api/identity/users/%d/roles", id) }

func TestRolesAreGrantedAndCountAtTheNextToken(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := shop.NewVendor()
	_, email := shop.NewCustomer()
	user := userOf(t, shop, email)
	if !slices.Equal(user.Roles, []string{"customer"}) || user.CustomerID == nil || !user.IsActive {
		t.Errorf("somebody who has registered is %+v", user)
	}
	session := signIn(shop, email)
	shop.Anyone().With(session.AccessToken).Get("/api/vendor/customers").WantProblem(http.StatusForbidden, "forbidden")

	put := func(body map[string]any) *apitest.Answer { return shop.Admin().Put(rolesPath(user.ID), body) }
	got := apitest.Decode[granted](put(map[string]any{"roles": []string{"vendor", "customer", "bi_analyst"}, "vendor_id": vendor}).Want(http.StatusOK))
	if !slices.Equal(got.Roles, []string{"bi_analyst", "customer", "vendor"}) || got.VendorID == nil || *got.VendorID != vendor {
		t.Errorf("granted %+v", got)
	}
	again := apitest.Decode[tokens](shop.Anyone().Post("/api/identity/token/refresh",
		map[string]string{"refresh_token": session.RefreshToken}).Want(http.StatusOK))
	shop.Anyone().With(again.AccessToken).Get("/api/vendor/customers").Want(http.StatusOK)

	moved := shop.NewVendor()
	got = apitest.Decode[granted](put(map[string]any{"roles": []string{"vendor"}, "vendor_id": moved}).Want(http.StatusOK))
	if !slices.Equal(got.Roles, []string{"vendor"}) || *got.VendorID != moved {
		t.Errorf("granted %+v", got)
	}
	if kept := apitest.Decode[granted](shop.Admin().Get(rolesPath(user.ID)).Want(http.StatusOK)); !slices.Equal(kept.Roles, got.Roles) {
		t.Errorf("kept %+v, answered %+v", kept, got)
	}

	put(map[string]any{"roles": []string{"vendor"}}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	put(map[string]any{"roles": []string{"admin"}, "vendor_id": vendor}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	put(map[string]any{"roles": []string{"vendor"}, "vendor_id": 999999}).WantProblem(http.StatusUnprocessableEntity, "unknown_reference")
	put(map[string]any{"roles": []string{"root"}}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	shop.Admin().Put(rolesPath(999999), map[string]any{"roles": []string{"admin"}}).WantProblem(http.StatusNotFound, "not_found")
	if kept := apitest.Decode[granted](shop.Admin().Get(rolesPath(user.ID)).Want(http.StatusOK)); !slices.Equal(kept.Roles, []string{"vendor"}) {
		t.Errorf("a refused change left %+v", kept)
	}
	if _, err := shop.Deps.DB.Pool.Exec(t.Context(), "update identity.users set customer_id = null where id = $1", user.ID); err != nil {
		t.Fatal(err)
	}
	put(map[string]any{"roles": []string{"customer"}}).WantProblem(http.StatusConflict, "not_a_customer")
}

func TestTheLastOperatorStays(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	var users []account
	for range 3 {
		_, email := shop.NewCustomer()
		user := userOf(t, shop, email)
		shop.Admin().Put(rolesPath(user.ID), map[string]any{"roles": []string{"admin", "customer"}}).Want(http.StatusOK)
		users = append(users, user)
	}
	// All three are taken away at once, each in another way: one of them stays.
	var done sync.WaitGroup
	answers := make([]*apitest.Answer, 3)
	for i, take := range []func(account) *apitest.Answer{
		func(u account) *apitest.Answer {
			return shop.Admin().Put(rolesPath(u.ID), map[string]any{"roles": []string{"customer"}})
		},
		func(u account) *apitest.Answer {
			return shop.Admin().Delete(fmt.Sprintf("/api/identity/users/%d", u.ID))
		},
		func(u account) *apitest.Answer {
			return shop.Admin().Delete(fmt.Sprintf("/api/identity/customers/%d", *u.CustomerID))
		},
	} {
		done.Go(func() { answers[i] = take(users[i]) })
	}
	done.Wait()
	refused := 0
	for _, answer := range answers {
		if answer.Status == http.StatusConflict {
			answer.WantProblem(http.StatusConflict, "last_admin")
			refused++
		}
	}
	left := apitest.Decode[struct{ Items []account }](shop.Admin().Get("/api/identity/users?role=admin").Want(http.StatusOK))
	active := 0
	for _, user := range left.Items {
		if user.IsActive {
			active++
		}
	}
	if refused != 1 || active != 1 {
		t.Errorf("%d were refused, %d operators are left: %+v", refused, active, left.Items)
	}
}

func TestAClosedAccountIsSignedOutUntilItIsOpened(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	user := userOf(t, shop, email)
	session := signIn(shop, email)
	path := fmt.Sprintf("/api/identity/users/%d", user.ID)
	for range 2 {
		shop.Admin().Delete(path).Want(http.StatusNoContent)
	}
	refresh := map[string]string{"refresh_token": session.RefreshToken}
	shop.Anyone().Post("/api/identity/token/refresh", refresh).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	credentials := map[string]string{"username": email, "password": apitest.Password}
	shop.Anyone().Post("/api/identity/token", credentials).WantProblem(http.StatusUnauthorized, "invalid_credentials")
	if opened := apitest.Decode[account](shop.Admin().Patch(path, map[string]any{"is_active": true}).Want(http.StatusOK)); !opened.IsActive {
		t.Errorf("opened %+v", opened)
	}
	shop.Anyone().Post("/api/identity/token", credentials).Want(http.StatusOK)
	shop.Anyone().Post("/api/identity/token/refresh", refresh).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
}

func TestChangingThePasswordEndsAllSessions(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	here, there := signIn(shop, email), signIn(shop, email)
	change := func(current, next string) *apitest.Answer {
		return shop.Anyone().With(here.AccessToken).Post("/api/identity/password",
			map[string]string{"current_password": current, "new_password": next})
	}
	const next = "another long way to go"
	change(wrong, next).WantProblem(http.StatusUnprocessableEntity, "wrong_password")
	change(apitest.Password, "Ana Sousa 1234567").WantProblem(http.StatusUnprocessableEntity, "weak_password")
	shop.As(auth.Principal{Roles: []auth.Role{auth.Admin}}).Post("/api/identity/password",
		map[string]string{"current_password": wrong, "new_password": next}).WantProblem(http.StatusNotFound, "not_found")
	fresh := apitest.Decode[tokens](change(apitest.Password, next).Want(http.StatusOK))
	for _, ended := range []tokens{here, there} {
		shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": ended.RefreshToken}).
			WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	}
	shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": fresh.RefreshToken}).Want(http.StatusOK)
	shop.Anyone().Post("/api/identity/token", map[string]string{"username": email, "password": apitest.Password}).
		WantProblem(http.StatusUnauthorized, "invalid_credentials")
	shop.Anyone().Post("/api/identity/token", map[string]string{"username": email, "password": next}).Want(http.StatusOK)
}

func TestSigningOutOfAllDevices(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	_, email := shop.NewCustomer()
	_, bystander := shop.NewCustomer()
	here, there, others := signIn(shop, email), signIn(shop, email), signIn(shop, bystander)
	shop.Anyone().Post("/api/identity/logout", map[string]any{"refresh_token": here.RefreshToken, "all_devices": true}).Want(http.StatusNoContent)
	refresh := func(of tokens) *apitest.Answer {
		return shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": of.RefreshToken})
	}
	refresh(here).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	refresh(there).WantProblem(http.StatusUnauthorized, "invalid_refresh_token")
	refresh(others).Want(http.StatusOK)
	// A token whose session is over ends nobody else's.
	back := signIn(shop, email)
	shop.Anyone().Post("/api/identity/logout", map[string]any{"refresh_token": here.RefreshToken, "all_devices": true}).Want(http.StatusNoContent)
	refresh(back).Want(http.StatusOK)
}

func TestAVendorLooksUpWhoBought(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	buyer, buyerEmail := w.NewCustomer()
	stranger, _ := w.NewCustomer()
	undecided, _ := w.NewCustomer()
	product := w.productOf(w.vendor)
	w.buy(buyer, product)
	w.buy(buyer, product)
	w.buy(stranger, w.productOf(w.otherVendor))
	w.Customer(undecided).Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)
	body := map[string]any{
		"payment_method":   map[string]any{"type": "card", "token": "decline"},
		"shipping_address": map[string]any{"line1": "Rua 1", "city": "Porto", "country": "PT", "postal_code": "4000"},
	}
	w.Customer(undecided).Post("/api/checkout", body, "Idempotency-Key", "declined-1").WantProblem(http.StatusPaymentRequired, "payment_declined")

	for query, want := range map[string][]int64{
		"":                            {buyer},
		"?q=" + buyerEmail[:12]:       {buyer},
		"?q=sousa":                    {buyer}, // all are called so
		"?q=ANA%20S":                  {buyer},
		"?q=nobody":                   {},
		"?limit=1&q=customer":         {buyer},
		"?q=%25":                      {}, // no wildcard
		"?q=_" + buyerEmail[1:]:       {},
		"?q=" + buyerEmail + "%20and": {},
	} {
		found := apitest.Decode[page](w.Vendor(w.vendor).Get("/api/vendor/customers" + query).Want(http.StatusOK))
		ids := []int64{}
		for _, item := range found.Items {
			ids = append(ids, item.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%q found %v, want %v", query, ids, want)
		}
	}
}

// TestLookingUpReadsAnIndex asks Postgres how it would find somebody among many.
func TestLookingUpReadsAnIndex(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	for _, sql := range []string{
		`insert into identity.customers (first_name, last_name, email)
		select 'F' || n, 'L' || n, 'u' || n || '@example.com' from generate_series(1, 20000) as n`,
		`analyze identity.customers`,
	} {
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, column := range []string{"lower(email)", "lower(last_name)", "lower(first_name || ' ' || last_name)"} {
		var plan string
		// A plan for any value, as a prepared statement gets after a while.
		connection, err := shop.Deps.DB.Pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = connection.Exec(t.Context(), `set plan_cache_mode = force_generic_plan`)
		if err == nil {
			_, err = connection.Exec(t.Context(), `prepare looking (text, text) as
				select id from identity.customers where `+column+` ~>=~ $1 and `+column+` ~<~ $2`)
		}
		if err == nil {
			err = connection.QueryRow(t.Context(), `explain (format json) execute looking ('u77', 'u78')`).Scan(&plan)
		}
		_, reset := connection.Exec(t.Context(), `deallocate looking`)
		_, mode := connection.Exec(t.Context(), `reset plan_cache_mode`)
		connection.Release()
		if err != nil || reset != nil || mode != nil {
			t.Fatal(err, reset, mode)
		}
		if !strings.Contains(plan, "prefix_idx") {
			t.Errorf("%s is looked up by %s", column, plan)
		}
	}
}

package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mercado/api/apitest"
)

type discountShown struct {
	ID       int64    `json:"id"`
	Code     string   `json:"code"`
	Percent  *float64 `json:"percent"`
	Amount   *string  `json:"amount"`
	MaxUses  *int64   `json:"max_uses"`
	PerBuyer *int64   `json:"uses_per_customer"`
	Uses     int64    `json:"uses"`
	IsActive bool     `json:"is_active"`
}

func TestDiscountsAreKeptByOperators(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	admin := shop.Admin()
	path := func(id int64) string { return fmt.Sprintf("/api/discounts/%d", id) }
	shown := func(answer *apitest.Answer) discountShown { return apitest.Decode[discountShown](answer) }

	made := shown(admin.Post("/api/discounts", map[string]any{"code": "spring-15", "kind": "percentage", "percent": 15}).Want(http.StatusCreated))
	if made.Code != "SPRING-15" || *made.Percent != 15 || made.Amount != nil || made.MaxUses != nil || *made.PerBuyer != 1 || !made.IsActive {
		t.Errorf("made %+v", made)
	}
	admin.Post("/api/discounts", map[string]any{"code": "Spring-15", "kind": "fixed", "amount": "1.00"}).WantProblem(http.StatusConflict, "code_taken")
	changed := shown(admin.Put(path(made.ID), map[string]any{
		"code": "SPRING", "kind": "fixed", "amount": "2.50", "max_uses": 3, "uses_per_customer": 0,
	}).Want(http.StatusOK))
	if changed.Code != "SPRING" || changed.Percent != nil || *changed.Amount != "2.50" || *changed.MaxUses != 3 || changed.PerBuyer != nil {
		t.Errorf("changed to %+v", changed)
	}
	for _, body := range []map[string]any{
		{"code": "x", "kind": "percentage"},
		{"code": "x", "kind": "percentage", "percent": 0},
		{"code": "x", "kind": "percentage", "percent": 100.01},
		{"code": "x", "kind": "percentage", "percent": 1.234},
		{"code": "x", "kind": "percentage", "percent": 1, "amount": "1.00"},
		{"code": "x", "kind": "fixed"},
		{"code": "x", "kind": "fixed", "amount": "0.00"},
		{"code": "x", "kind": "fixed", "amount": "1000000000.00"},
		{"code": "x", "kind": "fixed", "amount": "1.00", "percent": 1},
		{"code": "a b", "kind": "fixed", "amount": "1.00"},
		{"code": "x", "kind": "half", "amount": "1.00"},
		{"code": "x", "kind": "fixed", "amount": "1.00", "max_uses": -1},
		{"code": "x", "kind": "fixed", "amount": "1.00", "valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-02T00:00:00Z"},
	} {
		admin.Post("/api/discounts", body).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}

	// A code that was used is deactivated, one that was not is gone.
	id, _ := shop.NewCustomer()
	product := newWeighted(t, shop, "10.00", 0)
	placeLater(shop.Customer(id), orderOf(goods{item(product, 1)}, withCode("SPRING"))).Want(http.StatusAccepted)
	admin.Delete(path(made.ID)).Want(http.StatusNoContent)
	if left := shown(admin.Get(path(made.ID)).Want(http.StatusOK)); left.IsActive || left.Uses != 1 {
		t.Errorf("left is %+v", left)
	}
	unused := newDiscount(shop, map[string]any{"code": "UNUSED", "kind": "fixed", "amount": "1.00"})
	admin.Delete(path(unused)).Want(http.StatusNoContent)
	admin.Get(path(unused)).WantProblem(http.StatusNotFound, "not_found")
	admin.Delete(path(unused)).WantProblem(http.StatusNotFound, "not_found")
	admin.Put(path(unused), map[string]any{"code": "x", "kind": "fixed", "amount": "1.00"}).WantProblem(http.StatusNotFound, "not_found")

	for range 3 {
		newDiscount(shop, map[string]any{"code": fmt.Sprintf("n%d", time.Now().UnixNano()), "kind": "fixed", "amount": "1.00"})
	}
	type list struct {
		Items      []discountShown `json:"items"`
		NextCursor *string         `json:"next_cursor"`
	}
	for query, want := range map[string]int{"": 4, "?is_active=true": 3, "?is_active=false": 1, "?code=spring": 1, "?code=none": 0} {
		if found := apitest.Decode[list](admin.Get("/api/discounts" + query).Want(http.StatusOK)); len(found.Items) != want {
			t.Errorf("%q lists %d, want %d", query, len(found.Items), want)
		}
	}
	first := apitest.Decode[list](admin.Get("/api/discounts?limit=3").Want(http.StatusOK))
	if len(first.Items) != 3 || first.NextCursor == nil {
		t.Fatalf("the first page is %+v", first)
	}
	if rest := apitest.Decode[list](admin.Get("/api/discounts?limit=3&cursor=" + *first.NextCursor).Want(http.StatusOK)); len(rest.Items) != 1 || rest.NextCursor != nil {
		t.Errorf("the second page is %+v", rest)
	}
}

// TestACodeThatCannotBeUsedSaysWhy asks a cart, a checkout and an order, which say the same, and
// leave nothing behind.
func TestACodeThatCannotBeUsedSaysWhy(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	id, _ := shop.NewCustomer()
	other, _ := shop.NewCustomer()
	customer := shop.Customer(id)
	product := newWeighted(t, shop, "10.00", 0)
	at := func(offset time.Duration) string { return time.Now().Add(offset).UTC().Format(time.RFC3339) }
	for code, more := range map[string]map[string]any{
		"LATER":  {"valid_from": at(time.Hour)},
		"OVER":   {"valid_until": at(-time.Hour)},
		"OFF":    {"is_active": false},
		"BIG":    {"minimum_subtotal": "10.01"},
		"MINE":   {},
		"SCARCE": {"max_uses": 1},
	} {
		body := map[string]any{"code": code, "kind": "fixed", "amount": "1.00"}
		for name, value := range more {
			body[name] = value
		}
		newDiscount(shop, body)
	}
	placeLater(customer, orderOf(goods{item(product, 1)}, withCode("MINE"))).Want(http.StatusAccepted)
	placeLater(shop.Customer(other), orderOf(goods{item(product, 1)}, withCode("SCARCE"))).Want(http.StatusAccepted)
	customer.Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1}).Want(http.StatusOK)

	for code, want := range map[string]string{
		"NONE": "unknown_discount_code", "OFF": "unknown_discount_code", "LATER": "discount_not_started",
		"OVER": "discount_expired", "BIG": "discount_minimum_not_met", "MINE": "discount_already_used", "SCARCE": "discount_exhausted",
	} {
		customer.Get("/api/cart?discount_code="+code).WantProblem(http.StatusUnprocessableEntity, want)
		body := orderOf(goods{item(product, 1)}, withCode(code))
		placeLater(customer, body).WantProblem(http.StatusUnprocessableEntity, want)
		delete(body, "items")
		customer.Post("/api/checkout", body, "Idempotency-Key", "key").WantProblem(http.StatusUnprocessableEntity, want)
	}
	wantRows(t, shop, "ordering.orders", 2)
	wantRows(t, shop, "ordering.discount_uses", 2)
	wantRows(t, shop, "ordering.idempotency_keys", 2)
	wantRows(t, shop, "ordering.discounts where uses = 1", 2)
}

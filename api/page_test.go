package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mercado/api/apitest"
)

// page is a page of any list.
type page struct {
	Items []struct {
		apitest.Made
		ItemName  string  `json:"item_name"`
		Price     string  `json:"price"`
		Cost      *string `json:"cost"`
		Available int64   `json:"available"`
	} `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// walk reads a list page by page and returns the ids in order.
func walk(t *testing.T, client *apitest.Client, path string, limit int) []int64 {
	t.Helper()
	var ids []int64
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	cursor := ""
	for range 1000 {
		got := apitest.Decode[page](client.Get(fmt.Sprintf("%s%slimit=%d%s", path, separator, limit, cursor)).Want(http.StatusOK))
		if len(got.Items) > limit {
			t.Fatalf("a page of %d has %d items", limit, len(got.Items))
		}
		for _, item := range got.Items {
			ids = append(ids, item.ID)
		}
		if got.NextCursor == nil {
			return ids
		}
		cursor = "&cursor=" + *got.NextCursor
	}
	t.Fatal("the list does not end")
	return nil
}

func TestPagesAreCompleteAndWithoutRepeats(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	var made []int64
	for i := range 11 { // few prices, so that ties cross the borders of pages
		made = append(made, shop.NewProduct(vendor, category, fmt.Sprintf("%d.00", 5+i%3), 1))
	}
	admin := shop.Admin()
	for _, order := range []string{"newest", "oldest", "price", "-price", "name", "-name"} {
		for _, limit := range []int{1, 3, 11, 100} {
			got := walk(t, admin, "/api/catalog/products?sort="+order, limit)
			whole := walk(t, admin, "/api/catalog/products?sort="+order, 100)
			if !slices.Equal(got, whole) {
				t.Errorf("%s by %d: %v, at once: %v", order, limit, got, whole)
			}
			slices.Sort(got)
			if !slices.Equal(got, made) {
				t.Errorf("%s by %d: %v, made %v", order, limit, got, made)
			}
		}
	}
	product := made[0]
	for range 4 {
		admin.Post(fmt.Sprintf("/api/catalog/products/%d/inventory", product),
			map[string]any{"delta": 1, "reason": "restock"}).Want(http.StatusCreated)
	}
	ledger := walk(t, admin, fmt.Sprintf("/api/catalog/products/%d/inventory", product), 2)
	if len(ledger) != 5 || !slices.IsSortedFunc(ledger, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("ledger %v", ledger)
	}
	for _, list := range []string{"/api/catalog/vendors", "/api/catalog/categories", "/api/identity/customers"} {
		shop.NewVendor()
		shop.NewCategory(category)
		shop.NewCustomer()
		if one, all := walk(t, admin, list, 1), walk(t, admin, list, 100); !slices.Equal(one, all) || len(all) == 0 {
			t.Errorf("%s: %v one by one, %v at once", list, one, all)
		}
	}
}

// TestACursorHoldsTheLongestName has names whose characters take most room in a cursor.
func TestACursorHoldsTheLongestName(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	for _, character := range []string{"<", "\u2029x", "😀", "x"} {
		named(shop, vendor, category, strings.Repeat(character, 300/len([]rune(character))), nil)
	}
	for _, sort := range []string{"name", "-name"} {
		if got := walk(t, shop.Anyone(), "/api/catalog/products?sort="+sort, 1); len(got) != 4 {
			t.Errorf("by %s: %v", sort, got)
		}
	}
}

// TestACursorThatWasMadeUp is decoded to what no list has ended with.
func TestACursorThatWasMadeUp(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	named(shop, shop.NewVendor(), shop.NewCategory(0), "Lamp", nil)
	for key, want := range map[string]int{
		`{"Order":"name","ID":1,"Name":"a\u0000b"}`:       http.StatusUnprocessableEntity,
		`{"Order":"name","ID":1e99,"Name":"a"}`:           http.StatusUnprocessableEntity,
		`{"Order":"price","ID":1,"Price":"1"}`:            http.StatusUnprocessableEntity,
		`{"Order":"name","ID":-1,"Name":"\ud800 ' \\"}`:   http.StatusOK,
		`{"Order":"name","ID":9223372036854775807}`:       http.StatusOK,
		`{"Order":"name","Name":["a"]}`:                   http.StatusUnprocessableEntity,
		`[]`:                                              http.StatusUnprocessableEntity,
		`{"Order":"name","ID":1,"Name":"a"}{"Order":"x"}`: http.StatusUnprocessableEntity,
	} {
		shop.Anyone().Get("/api/catalog/products?sort=name&cursor=" + base64.RawURLEncoding.EncodeToString([]byte(key))).Want(want)
	}
}

func TestACursorIsOfItsListOnly(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	shop.NewProduct(vendor, category, "5.00", 1)
	shop.NewProduct(vendor, category, "6.00", 1)
	first := apitest.Decode[page](shop.Anyone().Get("/api/catalog/products?sort=price&limit=1").Want(http.StatusOK))
	for _, path := range []string{
		"/api/catalog/products?sort=name&cursor=" + *first.NextCursor,
		"/api/catalog/vendors?cursor=" + *first.NextCursor,
		"/api/catalog/products?cursor=x",
		"/api/catalog/products?cursor=!!!",
		"/api/catalog/products?cursor=eyJJRCI6Im5vIn0",
	} {
		shop.Anyone().Get(path).WantProblem(http.StatusUnprocessableEntity, "invalid_cursor")
	}
}

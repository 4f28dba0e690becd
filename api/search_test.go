package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"mercado/api/apitest"
)

// named adds a product with a name of its own.
func named(shop *apitest.Shop, vendor, category int64, name string, change map[string]any) int64 {
	body := map[string]any{
		"vendor_id": vendor, "category_id": category, "item_name": name, "price": "10.00", "cost": "1.00", "stock": 5,
	}
	for field, value := range change {
		body[field] = value
	}
	return apitest.Decode[apitest.Made](shop.Admin().Post("/api/catalog/products", body).Want(http.StatusCreated)).ID
}

func TestSearchFindsWhatWasMeant(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := apitest.Decode[apitest.Made](shop.Admin().Post("/api/catalog/vendors",
		map[string]string{"vendor_name": "Oficina Lisbonense", "region": "PT"}).Want(http.StatusCreated)).ID
	other, category := shop.NewVendor(), shop.NewCategory(0)
	lamp := named(shop, other, category, "Desk Lamp", nil)
	phones := named(shop, vendor, category, "Wireless Headphones", map[string]any{"brand": "Sonora", "model": "WH-1000"})
	laptop := named(shop, other, category, "Laptop 14", nil)
	mug := named(shop, vendor, category, "Café mug", nil)
	sold := named(shop, other, category, "Garden lamp", map[string]any{"stock": 0})
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/products/%d", named(shop, other, category, "Old lamp", nil))).Want(http.StatusNoContent)

	for query, want := range map[string][]int64{
		"headphones":             {phones}, // as it is written, in any case, or begun
		"HEADPHONES wireless":    {phones},
		"head":                   {phones},
		"headphnes":              {phones}, // a letter too few, too many, another, or two swapped
		"headphoness":            {phones},
		"headphines":             {phones},
		"haedphones":             {phones},
		"labtop":                 {laptop},
		"lapto":                  {laptop},
		"lmap":                   {lamp},
		"lanp":                   {lamp},
		"lap":                    {laptop}, // what fits as it is written is not corrected
		"cafe":                   {mug},    // with and without accents
		"café":                   {mug},
		"CAFÉ MGU":               {mug},
		"lisbonense":             {mug, phones}, // the vendor's name, and mixed with the product's
		"lisbonence":             {mug, phones},
		"oficina headphones":     {phones},
		"sonora":                 {phones},
		"wh-1000":                {phones},
		"wh-1001":                {}, // a wrong digit is another model
		"lamp headphones":        {},
		"!!! ' \" \\ & | :* ( )": {},
		"lamp' | '":              {lamp},
		"zzzzzz":                 {},
	} {
		got := walk(t, shop.Anyone(), "/api/catalog/products?q="+url.QueryEscape(query), 1)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
	if got := walk(t, shop.Anyone(), "/api/catalog/products?include_out_of_stock=true&sort=oldest&q=lamp", 1); !slices.Equal(got, []int64{lamp, sold}) {
		t.Errorf("with what is out of stock: %v", got)
	}
	if got := walk(t, shop.Anyone(), fmt.Sprintf("/api/catalog/products?vendor_id=%d&q=lamp", vendor), 1); len(got) != 0 {
		t.Errorf("of the other vendor: %v", got)
	}
	shop.Admin().Patch(fmt.Sprintf("/api/catalog/vendors/%d", vendor), map[string]string{"vendor_name": "Porto Works"}).Want(http.StatusOK)
	shop.Admin().Patch(fmt.Sprintf("/api/catalog/products/%d", lamp), map[string]string{"item_name": "Floor light"}).Want(http.StatusOK)
	for query, want := range map[string]int{"lisbonense": 0, "porto": 2, "lamp": 0, "light": 1, "ligth": 1} {
		if got := walk(t, shop.Anyone(), "/api/catalog/products?q="+query, 1); len(got) != want {
			t.Errorf("after the names have changed, %q finds %v", query, got)
		}
	}
	shop.Anyone().Get("/api/catalog/products?sort=relevance").WantProblem(http.StatusUnprocessableEntity, "validation_failed")
}

// TestOnlyWhatIsListedKeepsAQueryFromCorrection has products that fit as it is written, and are not in the list.
func TestOnlyWhatIsListedKeepsAQueryFromCorrection(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	one, other, category, elsewhere := shop.NewVendor(), shop.NewVendor(), shop.NewCategory(0), shop.NewCategory(0)
	lamp := named(shop, one, category, "Lamp", nil)
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/products/%d", named(shop, one, category, "Lanp", nil))).Want(http.StatusNoContent)
	sold := named(shop, one, category, "Lamq", map[string]any{"stock": 0})
	foreign := named(shop, other, elsewhere, "Lamb", map[string]any{"price": "99.00"})

	for list, want := range map[string]int64{
		"q=lanp":                                lamp,
		"q=lamq":                                lamp,
		"q=lamq&include_out_of_stock=true":      sold,
		"q=lamb":                                foreign,
		fmt.Sprintf("q=lamb&vendor_id=%d", one): lamp,
		fmt.Sprintf("q=lamb&category_id=%d", category): lamp,
		"q=lamb&price_to=20":                           lamp,
	} {
		for _, sort := range []string{"relevance", "newest", "price", "name"} {
			if got := walk(t, shop.Anyone(), "/api/catalog/products?"+list+"&sort="+sort, 1); !slices.Contains(got, want) {
				t.Errorf("%s by %s finds %v, and not %d", list, sort, got, want)
			}
		}
	}
}

// TestLaterPagesAreOfTheFirstOnesWords has a word that fits as it is written, and one that is a typo away from it.
func TestLaterPagesAreOfTheFirstOnesWords(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	lamp := named(shop, vendor, category, "Lamp", nil)
	long := named(shop, vendor, category, "Lamp of brass", nil)
	typo := named(shop, vendor, category, "Lamb", nil)
	for query, want := range map[string][]int64{"lamp": {lamp, long}, "lamz": {lamp, long, typo}} {
		for _, sort := range []string{"relevance", "newest", "oldest", "price", "name"} {
			for _, limit := range []int{1, 2} {
				got := walk(t, shop.Anyone(), "/api/catalog/products?q="+query+"&sort="+sort, limit)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("%q by %s, %d at a time: %v, want %v", query, sort, limit, got, want)
				}
			}
		}
	}
}

// TestSearchFindsAllThatBegins has few words of one beginning, which are asked for one by one, and many of another.
func TestSearchFindsAllThatBegins(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	begun := map[string][]int64{}
	for beginning, count := range map[string]int{"zephyr": 3, "quartz": 25} {
		for i := range count { // Zephyr, Zephyr1, Zephyr2
			name := beginning
			if i > 0 {
				name += fmt.Sprint(i)
			}
			begun[beginning] = append(begun[beginning], named(shop, vendor, category, "Lamp "+name, nil))
		}
	}
	for query, want := range map[string][]int64{
		"zephyr": begun["zephyr"], "zep": begun["zephyr"], "lamp zephyr": begun["zephyr"], "zephyr2": begun["zephyr"][2:],
		"quartz": begun["quartz"], "qua": begun["quartz"], "lam quartz": begun["quartz"], "quartz24": begun["quartz"][24:],
	} {
		got := walk(t, shop.Anyone(), "/api/catalog/products?sort=oldest&q="+url.QueryEscape(query), 20)
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
}

func TestNameCountsMoreThanBrand(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	name := named(shop, vendor, category, "Aurora", nil)
	brand := named(shop, vendor, category, "Kettle", map[string]any{"brand": "Aurora"})
	long := named(shop, vendor, category, "Aurora of a name that goes on and on and on for a while", nil)
	for _, limit := range []int{1, 2, 100} {
		if got := walk(t, shop.Anyone(), "/api/catalog/products?q=aurora", limit); !slices.Equal(got, []int64{name, long, brand}) {
			t.Errorf("by %d: %v, want %v", limit, got, []int64{name, long, brand})
		}
	}
}

func TestEveryOrderHasBothDirections(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, root := shop.NewVendor(), shop.NewCategory(0)
	for i := range 9 { // in three categories, with ties
		category := root
		if i%3 > 0 {
			category = shop.NewCategory(root)
		}
		named(shop, vendor, category, fmt.Sprintf("Item %d", i%4), map[string]any{"price": fmt.Sprintf("%d.00", i%2)})
	}
	for _, pair := range [][2]string{{"newest", "oldest"}, {"price", "-price"}, {"name", "-name"}} {
		for _, filter := range []string{"", fmt.Sprintf("&category_id=%d", root), fmt.Sprintf("&vendor_id=%d", vendor), "&q=item", "&include_out_of_stock=true"} {
			there := walk(t, shop.Anyone(), "/api/catalog/products?sort="+pair[0]+filter, 2)
			back := walk(t, shop.Anyone(), "/api/catalog/products?sort="+pair[1]+filter, 4)
			slices.Reverse(back)
			if len(there) != 9 || !slices.Equal(there, back) {
				t.Errorf("%v%s: %v and, turned round, %v", pair, filter, there, back)
			}
		}
	}
}

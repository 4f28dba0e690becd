package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"mercado/api/apitest"
)

type treeNode struct {
	ID           int64
	ProductCount int64 `json:"product_count"`
	Children     []treeNode
}

func TestTheTreeIsWholeInOneAnswer(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor := shop.NewVendor()
	home := shop.NewCategory(0)
	kitchen, garden := shop.NewCategory(home), shop.NewCategory(home)
	knives := shop.NewCategory(kitchen)
	rename := func(id int64, change map[string]any) {
		t.Helper()
		shop.Admin().Patch(fmt.Sprintf("/api/catalog/categories/%d", id), change).Want(http.StatusOK)
	}
	rename(garden, map[string]any{"name": "A garden"})
	rename(kitchen, map[string]any{"name": "Kitchen"})
	shop.NewProduct(vendor, home, "1.00", 1)
	shop.NewProduct(vendor, knives, "1.00", 1)
	shop.NewProduct(vendor, knives, "1.00", 1)
	shop.NewProduct(vendor, knives, "1.00", 0) // out of stock
	gone := shop.NewProduct(vendor, garden, "1.00", 1)
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/products/%d", gone)).Want(http.StatusNoContent)

	tree := func() string {
		t.Helper()
		return fmt.Sprint(apitest.Decode[struct{ Items []treeNode }](shop.Anyone().Get("/api/catalog/categories/tree").Want(http.StatusOK)).Items)
	}
	leaf := func(id, products int64) treeNode { return treeNode{id, products, []treeNode{}} }
	want := fmt.Sprint([]treeNode{{home, 3, []treeNode{leaf(garden, 0), {kitchen, 2, []treeNode{leaf(knives, 2)}}}}})
	if got := tree(); got != want {
		t.Errorf("the tree is %s, want %s", got, want)
	}
	rename(knives, map[string]any{"parent_id": nil, "name": "Z knives"})
	shop.Admin().Delete(fmt.Sprintf("/api/catalog/categories/%d", kitchen)).Want(http.StatusNoContent)
	want = fmt.Sprint([]treeNode{{home, 1, []treeNode{leaf(garden, 0)}}, leaf(knives, 2)})
	if got := tree(); got != want {
		t.Errorf("after a move and a category that is gone: %s, want %s", got, want)
	}
	rename(knives, map[string]any{"parent_id": kitchen})
	if got, want := tree(), fmt.Sprint([]treeNode{{home, 1, []treeNode{leaf(garden, 0)}}}); got != want {
		t.Errorf("below a category that is gone: %s, want %s", got, want)
	}
}

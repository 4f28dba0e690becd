package api

import (
	"context"
	"net/http"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
)

// countsKept is how long the numbers of products in the tree are kept: counting looks at every product.
const countsKept = time.Minute

// categoryTree serves what a shop draws its navigation from.
func (a *API) categoryTree() {
	register(a, operation{
		id: "get-category-tree", method: http.MethodGet, path: "/api/catalog/categories/tree",
		summary: "Show the tree of categories", tag: "categories", revalidated: true,
		about: "All active categories in one answer, by name: a tree is of no use in part, and list-categories has pages. What is below an inactive category is left out with it. " +
			"Numbers of products may be a minute old.",
		permission: auth.Public,
	}, a.getCategoryTree)
}

// categoryNode is a category with those below it.
type categoryNode struct {
	ID           int64           `json:"id"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	ProductCount int64           `json:"product_count" doc:"Products for sale and in stock, of the category and of all below it."`
	Children     []*categoryNode `json:"children" nullable:"false"`
}

type categoryTreeBody struct {
	Items []*categoryNode `json:"items" nullable:"false" doc:"The roots."`
}

func (a *API) getCategoryTree(ctx context.Context, in *struct{ Revalidate }) (*kept[categoryTreeBody], error) {
	rows, err := a.tree.get(ctx, "", a.DB.ListCategoryTree)
	if err != nil {
		return nil, err
	}
	counts, err := a.counts.get(ctx, "", func(ctx context.Context) (map[int64]int64, error) {
		counted, err := a.DB.CountProductsByCategory(ctx)
		counts := make(map[int64]int64, len(counted))
		for _, row := range counted {
			counts[row.CategoryID] = row.Products
		}
		return counts, err
	})
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, 0, categoryTreeBody{treeOf(rows, counts)})
}

// treeOf puts categories below their parents; what has a parent that is not among them is left out.
func treeOf(rows []shopdb.CatalogCategory, counts map[int64]int64) []*categoryNode {
	below := map[int64][]*categoryNode{} // 0: the roots
	for _, row := range rows {
		var parent int64
		if row.ParentID != nil {
			parent = *row.ParentID
		}
		below[parent] = append(below[parent], &categoryNode{
			ID: row.ID, Name: row.Name, Description: row.Description, ProductCount: counts[row.ID],
		})
	}
	var fill func(id int64) []*categoryNode
	fill = func(id int64) []*categoryNode {
		nodes := below[id]
		if nodes == nil {
			nodes = []*categoryNode{}
		}
		for _, node := range nodes {
			node.Children = fill(node.ID)
			for _, child := range node.Children {
				node.ProductCount += child.ProductCount
			}
		}
		return nodes
	}
	return fill(0)
}

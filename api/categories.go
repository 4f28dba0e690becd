package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// categories serves the tree that products are in.
func (a *API) categories() {
	register(a, operation{
		id: "list-categories", method: http.MethodGet, path: "/api/catalog/categories",
		summary: "List categories", tag: "categories", revalidated: true,
		permission: auth.Public, problems: []code{forbidden, invalidCursor},
	}, a.listCategories)
	register(a, operation{
		id: "create-category", method: http.MethodPost, path: "/api/catalog/categories",
		summary: "Add a category", tag: "categories", status: http.StatusCreated,
		permission: auth.WriteCategories, problems: []code{nameTaken, unknownReference},
	}, a.createCategory)
	register(a, operation{
		id: "get-category", method: http.MethodGet, path: "/api/catalog/categories/{id}",
		summary: "Show a category", tag: "categories", revalidated: true,
		permission: auth.Public, problems: []code{notFound},
	}, a.getCategory)
	register(a, operation{
		id: "update-category", method: http.MethodPatch, path: "/api/catalog/categories/{id}",
		summary: "Change what is sent of a category", tag: "categories",
		about:      "What is left out stays; null clears `description`, and makes it a root by `parent_id`.",
		permission: auth.WriteCategories,
		problems:   []code{notFound, nameTaken, unknownReference, categoryCycle, versionMismatch},
	}, a.updateCategory)
	register(a, operation{
		id: "deactivate-category", method: http.MethodDelete, path: "/api/catalog/categories/{id}",
		summary: "Deactivate a category", tag: "categories",
		about:      "The category leaves the list; products in it stay.",
		permission: auth.WriteCategories, problems: []code{notFound, versionMismatch},
	}, a.deactivateCategory)
}

type category struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	ParentID    *int64 `json:"parent_id" doc:"null for a root."`
	Description string `json:"description"`
	IsActive    bool   `json:"is_active"`
	Version     int64  `json:"version" doc:"Counts the changes; the ETag begins with it."`
}

func categoryOf(row shopdb.CatalogCategory) category {
	return category{
		ID: row.ID, Name: row.Name, ParentID: row.ParentID, Description: row.Description, IsActive: row.IsActive, Version: row.Version,
	}
}

type listCategoriesInput struct {
	Page
	Revalidate
	ParentID        optional[int64] `query:"parent_id" minimum:"0" doc:"Children of this category only; 0 for the roots."`
	IncludeInactive bool            `query:"include_inactive" doc:"For operators."`
}

func (a *API) listCategories(ctx context.Context, in *listCategoriesInput) (*kept[List[category]], error) {
	if in.IncludeInactive && !principalOf(ctx).Has(auth.Admin) {
		return nil, problem(forbidden)
	}
	var after int64
	if err := in.after(&after); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListCategories(ctx, shopdb.ListCategoriesParams{
		AfterID: after, IncludeInactive: in.IncludeInactive, ParentID: in.ParentID.value(), RowLimit: in.fetch(),
	})
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, 0, paged(in.Page, rows, categoryOf, func(row shopdb.CatalogCategory) any { return row.ID }))
}

type createCategoryInput struct {
	Body struct {
		Name        string `json:"name" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
		ParentID    *int64 `json:"parent_id,omitempty" minimum:"1"`
		Description string `json:"description,omitempty" maxLength:"2000"`
	} `nameHint:"NewCategory"`
}

func (a *API) createCategory(ctx context.Context, in *createCategoryInput) (*versioned[category], error) {
	row, err := a.DB.AddCategory(ctx, shopdb.CreateCategoryParams{
		Name: strings.TrimSpace(in.Body.Name), ParentID: in.Body.ParentID, Description: in.Body.Description,
	})
	if err != nil {
		return nil, parentProblem(err)
	}
	a.forgetCatalogue()
	return versionedOf(row.Version, categoryOf(row)), nil
}

// parentProblem says where an unknown category was named.
func parentProblem(err error) error {
	if errors.Is(err, store.ErrUnknownCategory) {
		return unknown("body.parent_id", "no such category")
	}
	return err
}

func (a *API) getCategory(ctx context.Context, in *readByID) (*kept[category], error) {
	row, err := a.DB.Category(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, row.Version, categoryOf(row))
}

type updateCategoryInput struct {
	ByID
	Expect
	Body struct {
		Name        *string          `json:"name,omitempty" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
		ParentID    nullable[int64]  `json:"parent_id,omitempty" minimum:"0" doc:"null or 0 makes it a root."`
		Description nullable[string] `json:"description,omitempty" maxLength:"2000"`
		IsActive    *bool            `json:"is_active,omitempty"`
	} `nameHint:"CategoryChange"`
}

func (a *API) updateCategory(ctx context.Context, in *updateCategoryInput) (*versioned[category], error) {
	parent := in.Body.ParentID.value
	if in.Body.ParentID.null {
		parent = new(int64)
	}
	row, err := a.DB.ChangeCategory(ctx, shopdb.UpdateCategoryParams{
		ID: in.ID, Versions: in.versions(), Name: trimmed(in.Body.Name), ParentID: parent,
		Description: orEmpty(in.Body.Description), IsActive: in.Body.IsActive,
	})
	if err != nil {
		return nil, parentProblem(err)
	}
	a.forgetCatalogue()
	return versionedOf(row.Version, categoryOf(row)), nil
}

func (a *API) deactivateCategory(ctx context.Context, in *changeByID) (*struct{}, error) {
	inactive := false
	_, err := a.DB.ChangeCategory(ctx, shopdb.UpdateCategoryParams{ID: in.ID, Versions: in.versions(), IsActive: &inactive})
	a.forgetCatalogue()
	return nil, err
}

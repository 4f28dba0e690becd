package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"mercado/internal/attributes"
	"mercado/internal/auth"
	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// products serves what is sold: to everybody, and what it costs to its vendor and to operators.
func (a *API) products() {
	register(a, operation{
		id: "list-products", method: http.MethodGet, path: "/api/catalog/products",
		summary: "List and search products", tag: "products", revalidated: true,
		about: "What is out of stock is left out unless `include_out_of_stock=true`. An answer may be up to a second old; " +
			"it carries an ETag to ask again with.",
		permission: auth.Public, problems: []code{forbidden, notFound, invalidCursor},
	}, a.listProducts)
	register(a, operation{
		id: "create-product", method: http.MethodPost, path: "/api/catalog/products",
		summary: "Add a product with its opening stock", tag: "products", status: http.StatusCreated,
		about:      "A vendor adds products of their own. With an `Idempotency-Key` a double click adds one.",
		permission: auth.WriteProducts, problems: []code{notFound, unknownReference, skuTaken, idempotencyMismatch, idempotencyInFlight},
	}, a.createProduct)
	register(a, operation{
		id: "get-product", method: http.MethodGet, path: "/api/catalog/products/{id}",
		summary: "Show a product", tag: "products", revalidated: true,
		about:      "An answer may be up to a second old. Its ETag serves If-None-Match here and If-Match for a change.",
		permission: auth.Public, problems: []code{notFound},
	}, a.getProduct)
	register(a, operation{
		id: "update-product", method: http.MethodPatch, path: "/api/catalog/products/{id}",
		summary: "Change what is sent of a product", tag: "products",
		about: "What is left out stays; null clears `sku`, `description`, `brand`, `model`, `weight_kg`, `dimensions` and " +
			"`launch_date`.",
		permission: auth.WriteProducts, problems: []code{notFound, unknownReference, skuTaken, versionMismatch},
	}, a.updateProduct)
	register(a, operation{
		id: "deactivate-product", method: http.MethodDelete, path: "/api/catalog/products/{id}",
		summary: "Take a product off the shop", tag: "products",
		permission: auth.WriteProducts, problems: []code{notFound, versionMismatch},
	}, a.deactivateProduct)
}

// ProductSummary is a product in a list.
type ProductSummary struct {
	ID         int64         `json:"id"`
	VendorID   int64         `json:"vendor_id"`
	SKU        *string       `json:"sku" doc:"The vendor's own key of the product; null where they have none."`
	ItemName   string        `json:"item_name"`
	CategoryID int64         `json:"category_id"`
	Brand      string        `json:"brand"`
	Price      money.Amount  `json:"price"`
	Cost       *money.Amount `json:"cost,omitempty" doc:"Only for operators and the product's vendor."`
	Currency   string        `json:"currency"`
	Available  int64         `json:"available" doc:"Units that can be sold now."`
	IsActive   bool          `json:"is_active"`

	RatingAverage *float64 `json:"rating_average" doc:"Of all reviews, 1 to 5, to two digits; null where there is none."`
	RatingCount   int64    `json:"rating_count"`
}

// product is all that is known of one.
type product struct {
	ProductSummary
	Description string            `json:"description"`
	Model       string            `json:"model"`
	WeightKg    *float64          `json:"weight_kg"`
	Dimensions  *string           `json:"dimensions"`
	LaunchDate  *date             `json:"launch_date" nullable:"true"`
	Attributes  attributes.Object `json:"attributes" doc:"Numbers are as they were written."`
	CreatedAt   time.Time         `json:"created_at"`
	Version     int64             `json:"version" doc:"Counts the changes; the ETag begins with it."`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// mayManage reports whether p is an operator or the vendor.
func mayManage(p auth.Principal, vendorID int64) bool {
	return p.Has(auth.Admin) || (p.Has(auth.Vendor) && p.VendorID == vendorID)
}

func summaryOf(row shopdb.ListProductsRow, to auth.Principal) ProductSummary {
	shown := ProductSummary{
		ID: row.ID, VendorID: row.VendorID, SKU: row.Sku, ItemName: row.ItemName, CategoryID: row.CategoryID, Brand: row.Brand,
		Price: row.Price, Currency: row.Currency, Available: row.Available, IsActive: row.IsActive,
		RatingAverage: number(row.RatingAverage), RatingCount: row.RatingCount,
	}
	if mayManage(to, row.VendorID) {
		shown.Cost = &row.Cost
	}
	return shown
}

func number(known decimal.NullDecimal) *float64 {
	if !known.Valid {
		return nil
	}
	value := known.Decimal.InexactFloat64()
	return &value
}

func productOf(row shopdb.CatalogProductListing, to auth.Principal) (product, error) {
	shown := product{
		ProductSummary: summaryOf(shopdb.ListProductsRow{
			ID: row.ID, VendorID: row.VendorID, Sku: row.Sku, ItemName: row.ItemName, CategoryID: row.CategoryID, Brand: row.Brand,
			Price: row.Price, Cost: row.Cost, Currency: row.Currency, IsActive: row.IsActive, Available: row.Available,
			RatingAverage: row.RatingAverage, RatingCount: row.RatingCount,
		}, to),
		Description: row.Description, Model: row.Model, WeightKg: number(row.WeightKg),
		Dimensions: row.Dimensions, LaunchDate: dateOf(row.LaunchDate), Version: row.Version,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(),
	}
	if err := json.Unmarshal(row.Attributes, &shown.Attributes); err != nil {
		return product{}, fmt.Errorf("attributes of product %d: %w", row.ID, err)
	}
	return shown, nil
}

// changedProduct answers a change, which everybody is to see from now on.
func (a *API) changedProduct(ctx context.Context, row shopdb.CatalogProductListing) (*versioned[product], error) {
	a.forgetCatalogue()
	shown, err := productOf(row, principalOf(ctx))
	if err != nil {
		return nil, err
	}
	return versionedOf(row.Version, shown), nil
}

// forgetCatalogue has this process read anew what it has kept of the catalogue.
func (a *API) forgetCatalogue() {
	a.details.forget()
	a.lists.forget()
	a.tree.forget()
}

type createProductInput struct {
	MayIdempotencyKey
	Body struct {
		VendorID    int64             `json:"vendor_id" minimum:"1"`
		SKU         *string           `json:"sku,omitempty" maxLength:"100" pattern:"^\\S(.*\\S)?$" patternDescription:"not blank, and without blanks around it" doc:"The vendor's own key; no two products of theirs have the same."`
		ItemName    string            `json:"item_name" maxLength:"300" pattern:"\\S" patternDescription:"not blank"`
		Description string            `json:"description,omitempty" maxLength:"20000"`
		CategoryID  int64             `json:"category_id" minimum:"1"`
		Brand       string            `json:"brand,omitempty" maxLength:"200"`
		Model       string            `json:"model,omitempty" maxLength:"200"`
		Price       money.Amount      `json:"price" pattern:"^[0-9]{1,9}([.][0-9]{1,2})?$" patternDescription:"an amount below 1000000000"`
		Cost        money.Amount      `json:"cost" pattern:"^[0-9]{1,9}([.][0-9]{1,2})?$" patternDescription:"an amount below 1000000000"`
		Currency    string            `json:"currency,omitempty" pattern:"^EUR$" patternDescription:"EUR, the one currency of the shop" default:"EUR"`
		Stock       int64             `json:"stock,omitempty" minimum:"0" maximum:"1000000000" doc:"Units on the shelf at the beginning."`
		WeightKg    *float64          `json:"weight_kg,omitempty" minimum:"0" maximum:"999999"`
		Dimensions  *string           `json:"dimensions,omitempty" maxLength:"200"`
		LaunchDate  *date             `json:"launch_date,omitempty"`
		Attributes  attributes.Object `json:"attributes,omitempty" maxProperties:"100"`
	} `nameHint:"NewProduct"`
}

func (a *API) createProduct(ctx context.Context, in *createProductInput) (*versioned[product], error) {
	if !mayManage(principalOf(ctx), in.Body.VendorID) {
		return nil, problem(notFound) // whether or not there is such a vendor
	}
	said, err := attributesOf(in.Body.Attributes)
	if err != nil {
		return nil, err
	}
	if said == nil {
		said = json.RawMessage(`{}`)
	}
	request, err := in.request(ctx, "product", nil, in.Body)
	if err != nil {
		return nil, err
	}
	told, earlier, err := a.DB.AddProduct(ctx, request, shopdb.CreateProductParams{
		VendorID: in.Body.VendorID, Sku: in.Body.SKU, ItemName: strings.TrimSpace(in.Body.ItemName), Description: in.Body.Description,
		CategoryID: in.Body.CategoryID, Brand: in.Body.Brand, Model: in.Body.Model,
		Price: in.Body.Price, Cost: in.Body.Cost, Currency: in.Body.Currency, WeightKg: weight(in.Body.WeightKg),
		Dimensions: in.Body.Dimensions, LaunchDate: in.Body.LaunchDate.time(), Attributes: said, Stock: in.Body.Stock,
	}, http.StatusCreated, func(row shopdb.CatalogProductListing) (json.RawMessage, error) {
		shown, err := productOf(row, principalOf(ctx))
		if err != nil {
			return nil, err
		}
		return json.Marshal(madeProduct{row.ID, row.Version, shown})
	})
	if err != nil {
		return nil, referenceProblem(err)
	}
	a.forgetCatalogue()
	made, err := answerOf[madeProduct](told, earlier)
	return versionedOf(made.Version, made.Product), err
}

// madeProduct is what an idempotency key keeps of a product that was made.
type madeProduct struct {
	ID      int64   `json:"id"`
	Version int64   `json:"version"`
	Product product `json:"product"`
}

// referenceProblem says where an unknown vendor or category was named.
func referenceProblem(err error) error {
	switch {
	case errors.Is(err, store.ErrUnknownVendor):
		return unknown("body.vendor_id", "no such vendor")
	case errors.Is(err, store.ErrUnknownCategory):
		return unknown("body.category_id", "no such category")
	default:
		return err
	}
}

// attributesOf is nil when none were sent.
func attributesOf(sent attributes.Object) (json.RawMessage, error) {
	if sent == nil {
		return nil, nil
	}
	return json.Marshal(sent)
}

// weight is kept to the gram.
func weight(kg *float64) decimal.NullDecimal {
	if kg == nil {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(decimal.NewFromFloat(*kg).Round(3))
}

// readByID is the input of an operation that shows one thing.
type readByID struct {
	ByID
	Revalidate
}

func (a *API) getProduct(ctx context.Context, in *readByID) (*kept[product], error) {
	row, err := a.details.get(ctx, strconv.FormatInt(in.ID, 10), func(ctx context.Context) (shopdb.CatalogProductListing, error) {
		return a.DB.Product(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	shown, err := productOf(row, principalOf(ctx))
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, row.Version, shown)
}

type updateProductInput struct {
	ByID
	Expect
	Body struct {
		SKU         nullable[string]  `json:"sku,omitempty" maxLength:"100" pattern:"^\\S(.*\\S)?$" patternDescription:"not blank, and without blanks around it"`
		ItemName    *string           `json:"item_name,omitempty" maxLength:"300" pattern:"\\S" patternDescription:"not blank"`
		Description nullable[string]  `json:"description,omitempty" maxLength:"20000"`
		CategoryID  *int64            `json:"category_id,omitempty" minimum:"1"`
		Brand       nullable[string]  `json:"brand,omitempty" maxLength:"200"`
		Model       nullable[string]  `json:"model,omitempty" maxLength:"200"`
		Price       *money.Amount     `json:"price,omitempty" pattern:"^[0-9]{1,9}([.][0-9]{1,2})?$" patternDescription:"an amount below 1000000000"`
		Cost        *money.Amount     `json:"cost,omitempty" pattern:"^[0-9]{1,9}([.][0-9]{1,2})?$" patternDescription:"an amount below 1000000000"`
		WeightKg    nullable[float64] `json:"weight_kg,omitempty" minimum:"0" maximum:"999999"`
		Dimensions  nullable[string]  `json:"dimensions,omitempty" maxLength:"200"`
		LaunchDate  nullable[date]    `json:"launch_date,omitempty"`
		Attributes  attributes.Object `json:"attributes,omitempty" maxProperties:"100" doc:"Replaces all of them."`
		IsActive    *bool             `json:"is_active,omitempty"`
	} `nameHint:"ProductChange"`
}

func (a *API) updateProduct(ctx context.Context, in *updateProductInput) (*versioned[product], error) {
	said, err := attributesOf(in.Body.Attributes)
	if err != nil {
		return nil, err
	}
	sent := in.Body
	row, err := a.DB.ChangeProduct(ctx, shopdb.UpdateProductParams{
		ID: in.ID, VendorID: ownVendor(ctx), Versions: in.versions(),
		Sku: sent.SKU.value, ClearSku: sent.SKU.null, ItemName: trimmed(sent.ItemName), Description: orEmpty(sent.Description),
		CategoryID: sent.CategoryID, Brand: orEmpty(sent.Brand), Model: orEmpty(sent.Model), Price: sent.Price, Cost: sent.Cost,
		WeightKg: weight(sent.WeightKg.value), ClearWeightKg: sent.WeightKg.null,
		Dimensions: sent.Dimensions.value, ClearDimensions: sent.Dimensions.null,
		LaunchDate: sent.LaunchDate.value.time(), ClearLaunchDate: sent.LaunchDate.null,
		Attributes: said, IsActive: sent.IsActive,
	})
	if err != nil {
		return nil, referenceProblem(err)
	}
	return a.changedProduct(ctx, row)
}

// changeByID is the input of an operation that takes something away.
type changeByID struct {
	ByID
	Expect
}

func (a *API) deactivateProduct(ctx context.Context, in *changeByID) (*struct{}, error) {
	inactive := false
	_, err := a.DB.ChangeProduct(ctx, shopdb.UpdateProductParams{
		ID: in.ID, VendorID: ownVendor(ctx), Versions: in.versions(), IsActive: &inactive,
	})
	a.forgetCatalogue()
	return nil, err
}

// ownVendor restricts a vendor to what is theirs; nil for an operator.
func ownVendor(ctx context.Context) *int64 {
	p := principalOf(ctx)
	if p.Has(auth.Admin) {
		return nil
	}
	return &p.VendorID
}

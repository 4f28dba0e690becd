package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
)

// vendors serves who sells.
func (a *API) vendors() {
	register(a, operation{
		id: "list-vendors", method: http.MethodGet, path: "/api/catalog/vendors",
		summary: "List vendors", tag: "vendors", revalidated: true,
		permission: auth.Public, problems: []code{forbidden, invalidCursor},
	}, a.listVendors)
	register(a, operation{
		id: "create-vendor", method: http.MethodPost, path: "/api/catalog/vendors",
		summary: "Add a vendor", tag: "vendors", status: http.StatusCreated,
		permission: auth.WriteVendors, problems: []code{nameTaken},
	}, a.createVendor)
	register(a, operation{
		id: "get-vendor", method: http.MethodGet, path: "/api/catalog/vendors/{id}",
		summary: "Show a vendor", tag: "vendors", revalidated: true,
		permission: auth.Public, problems: []code{notFound},
	}, a.getVendor)
	register(a, operation{
		id: "update-vendor", method: http.MethodPatch, path: "/api/catalog/vendors/{id}",
		summary: "Change what is sent of a vendor", tag: "vendors",
		permission: auth.WriteVendors, problems: []code{notFound, nameTaken, versionMismatch},
	}, a.updateVendor)
	register(a, operation{
		id: "deactivate-vendor", method: http.MethodDelete, path: "/api/catalog/vendors/{id}",
		summary: "Deactivate a vendor and its products", tag: "vendors",
		permission: auth.WriteVendors, problems: []code{notFound, versionMismatch},
	}, a.deactivateVendor)
}

type vendor struct {
	ID         int64     `json:"id"`
	VendorName string    `json:"vendor_name"`
	Region     string    `json:"region" doc:"ISO 3166-1 alpha-2 country."`
	JoinedAt   time.Time `json:"joined_at"`
	IsActive   bool      `json:"is_active"`
	Version    int64     `json:"version" doc:"Counts the changes; the ETag begins with it."`
}

func vendorOf(row shopdb.CatalogVendor) vendor {
	return vendor{
		ID: row.ID, VendorName: row.VendorName, Region: row.Region,
		JoinedAt: row.JoinedAt.UTC(), IsActive: row.IsActive, Version: row.Version,
	}
}

type listVendorsInput struct {
	Page
	Revalidate
	Region          optional[string] `query:"region" pattern:"^[A-Z]{2}$"`
	IncludeInactive bool             `query:"include_inactive" doc:"For operators."`
}

func (a *API) listVendors(ctx context.Context, in *listVendorsInput) (*kept[List[vendor]], error) {
	if in.IncludeInactive && !principalOf(ctx).Has(auth.Admin) {
		return nil, problem(forbidden)
	}
	var after int64
	if err := in.after(&after); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListVendors(ctx, shopdb.ListVendorsParams{
		AfterID: after, IncludeInactive: in.IncludeInactive, Region: in.Region.value(), RowLimit: in.fetch(),
	})
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, 0, paged(in.Page, rows, vendorOf, func(row shopdb.CatalogVendor) any { return row.ID }))
}

type createVendorInput struct {
	Body struct {
		VendorName string  `json:"vendor_name" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
		Region     country `json:"region"`
	} `nameHint:"NewVendor"`
}

func (a *API) createVendor(ctx context.Context, in *createVendorInput) (*versioned[vendor], error) {
	row, err := a.DB.AddVendor(ctx, shopdb.CreateVendorParams{
		VendorName: strings.TrimSpace(in.Body.VendorName), Region: string(in.Body.Region),
	})
	if err != nil {
		return nil, err
	}
	a.forgetCatalogue()
	return versionedOf(row.Version, vendorOf(row)), nil
}

func (a *API) getVendor(ctx context.Context, in *readByID) (*kept[vendor], error) {
	row, err := a.DB.Vendor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, row.Version, vendorOf(row))
}

type updateVendorInput struct {
	ByID
	Expect
	Body struct {
		VendorName *string  `json:"vendor_name,omitempty" maxLength:"200" pattern:"\\S" patternDescription:"not blank"`
		Region     *country `json:"region,omitempty"`
		IsActive   *bool    `json:"is_active,omitempty" doc:"false takes the vendor's products along."`
	} `nameHint:"VendorChange"`
}

func (a *API) updateVendor(ctx context.Context, in *updateVendorInput) (*versioned[vendor], error) {
	row, err := a.DB.ChangeVendor(ctx, shopdb.UpdateVendorParams{
		ID: in.ID, Versions: in.versions(), VendorName: trimmed(in.Body.VendorName), Region: in.Body.Region.text(), IsActive: in.Body.IsActive,
	})
	if err != nil {
		return nil, err
	}
	a.forgetCatalogue()
	return versionedOf(row.Version, vendorOf(row)), nil
}

func (a *API) deactivateVendor(ctx context.Context, in *changeByID) (*struct{}, error) {
	inactive := false
	_, err := a.DB.ChangeVendor(ctx, shopdb.UpdateVendorParams{ID: in.ID, Versions: in.versions(), IsActive: &inactive})
	a.forgetCatalogue()
	return nil, err
}

package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// customers serves who has registered: everybody's own row, and all of them to operators.
func (a *API) customers() {
	register(a, operation{
		id: "list-customers", method: http.MethodGet, path: "/api/identity/customers",
		summary: "Look customers up by name or e-mail address", tag: "customers",
		permission: auth.ListCustomers, problems: []code{invalidCursor},
	}, a.listCustomers)
	register(a, operation{
		id: "create-customer", method: http.MethodPost, path: "/api/identity/customers", status: http.StatusCreated,
		summary: "Add a customer who buys at the counter or by phone",
		about: "For sales (`POST /api/sales`). They have no password and cannot sign in until an operator opens an account for them " +
			"(`POST /api/identity/customers/{id}/account`). Registering with their e-mail address is refused: nothing proves that it is theirs.",
		tag: "customers", permission: auth.CreateCustomers, problems: []code{emailTaken},
	}, a.createCustomer)
	register(a, operation{
		id: "get-customer", method: http.MethodGet, path: "/api/identity/customers/{id}",
		summary: "Show a customer", tag: "customers",
		permission: auth.ReadCustomers, problems: []code{notFound},
	}, a.getCustomer)
	register(a, operation{
		id: "update-customer", method: http.MethodPatch, path: "/api/identity/customers/{id}",
		summary: "Change what is sent of a customer", tag: "customers",
		about:      "What is left out stays; null clears `phone`, `birth_date`, `city` and `country`.",
		permission: auth.WriteCustomers, problems: []code{notFound, customerInactive},
	}, a.updateCustomer)
	register(a, operation{
		id: "deactivate-customer", method: http.MethodDelete, path: "/api/identity/customers/{id}",
		summary: "Deactivate a customer and sign them out", tag: "customers",
		permission: auth.DeactivateCustomers, problems: []code{notFound, lastAdmin},
	}, a.deactivateCustomer)
	register(a, operation{
		id: "list-vendor-customers", method: http.MethodGet, path: "/api/vendor/customers",
		summary: "Look up those who bought from you, by name or e-mail address", tag: "vendor",
		permission: auth.VendorCustomers, problems: []code{invalidCursor},
	}, a.listVendorCustomers)
}

type customer struct {
	ID        int64     `json:"id"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Email     string    `json:"email"`
	Phone     *string   `json:"phone"`
	BirthDate *date     `json:"birth_date" nullable:"true"`
	City      *string   `json:"city"`
	Country   *string   `json:"country"`
	JoinedAt  time.Time `json:"joined_at"`
	IsActive  bool      `json:"is_active"`
}

func customerOf(row shopdb.IdentityCustomer) customer {
	return customer{
		ID: row.ID, FirstName: row.FirstName, LastName: row.LastName, Email: row.Email, Phone: row.Phone,
		BirthDate: dateOf(row.BirthDate), City: row.City, Country: row.Country,
		JoinedAt: row.JoinedAt.UTC(), IsActive: row.IsActive,
	}
}

// ByID is embedded in the input of an operation on one thing.
type ByID struct {
	ID int64 `path:"id" minimum:"1"`
}

type listCustomersInput struct {
	Page
	LookingFor string `query:"q" maxLength:"100" doc:"The beginning of a last name, of a full name or of an e-mail address."`
}

type customersOutput struct {
	Body List[customer]
}

func (a *API) listCustomers(ctx context.Context, in *listCustomersInput) (*customersOutput, error) {
	var after int64
	if err := in.after(&after); err != nil {
		return nil, err
	}
	rows, err := a.DB.FindCustomersBy(ctx, strings.TrimSpace(in.LookingFor), after, in.fetch())
	if err != nil {
		return nil, err
	}
	return &customersOutput{paged(in.Page, rows, customerOf, func(row shopdb.IdentityCustomer) any { return row.ID })}, nil
}

// buyer is what a vendor may know of a customer.
type buyer struct {
	ID        int64   `json:"id"`
	FirstName string  `json:"first_name"`
	LastName  string  `json:"last_name"`
	Email     string  `json:"email"`
	City      *string `json:"city"`
	Country   *string `json:"country"`
}

func buyerOf(row shopdb.IdentityCustomer) buyer {
	return buyer{
		ID: row.ID, FirstName: row.FirstName, LastName: row.LastName, Email: row.Email, City: row.City, Country: row.Country,
	}
}

type buyersOutput struct {
	Body List[buyer]
}

func (a *API) listVendorCustomers(ctx context.Context, in *listCustomersInput) (*buyersOutput, error) {
	var after int64
	if err := in.after(&after); err != nil {
		return nil, err
	}
	rows, err := a.DB.CustomersOfVendor(ctx, principalOf(ctx).VendorID, strings.TrimSpace(in.LookingFor), after, in.fetch())
	if err != nil {
		return nil, err
	}
	return &buyersOutput{paged(in.Page, rows, buyerOf, func(row shopdb.IdentityCustomer) any { return row.ID })}, nil
}

// ownOrAdmin hides other people's rows: to a customer they do not exist.
func ownOrAdmin(ctx context.Context, customerID int64) error {
	if p := principalOf(ctx); p.Has(auth.Admin) || p.CustomerID == customerID {
		return nil
	}
	return problem(notFound)
}

func (a *API) getCustomer(ctx context.Context, in *ByID) (*customerOutput, error) {
	if err := ownOrAdmin(ctx, in.ID); err != nil {
		return nil, err
	}
	row, err := a.DB.Customer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &customerOutput{customerOf(row)}, nil
}

type createCustomerInput struct {
	Body Person `nameHint:"NewCustomer"`
}

// Person is what is told of a new customer.
type Person struct {
	Email     string   `json:"email" maxLength:"254" format:"email"`
	FirstName string   `json:"first_name" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
	LastName  string   `json:"last_name" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
	Phone     *string  `json:"phone,omitempty" maxLength:"40"`
	BirthDate *date    `json:"birth_date,omitempty"`
	City      *string  `json:"city,omitempty" maxLength:"100"`
	Country   *country `json:"country,omitempty"`
}

// row is the customer as the store keeps it.
func (p Person) row() (shopdb.CreateCustomerParams, error) {
	email, err := auth.NormalizeEmail(p.Email)
	if err != nil {
		return shopdb.CreateCustomerParams{}, invalid("body.email", err.Error())
	}
	return shopdb.CreateCustomerParams{
		FirstName: strings.TrimSpace(p.FirstName), LastName: strings.TrimSpace(p.LastName),
		Email: email, Phone: p.Phone, BirthDate: p.BirthDate.time(), City: p.City, Country: p.Country.text(),
	}, nil
}

func (a *API) createCustomer(ctx context.Context, in *createCustomerInput) (*customerOutput, error) {
	added, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	created, err := a.DB.AddCustomer(ctx, added)
	if err != nil {
		return nil, err
	}
	return &customerOutput{customerOf(created)}, nil
}

type updateCustomerInput struct {
	ByID
	Body struct {
		FirstName *string           `json:"first_name,omitempty" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
		LastName  *string           `json:"last_name,omitempty" maxLength:"100" pattern:"\\S" patternDescription:"not blank"`
		Phone     nullable[string]  `json:"phone,omitempty" maxLength:"40"`
		BirthDate nullable[date]    `json:"birth_date,omitempty"`
		City      nullable[string]  `json:"city,omitempty" maxLength:"100"`
		Country   nullable[country] `json:"country,omitempty"`
	} `nameHint:"CustomerChange"`
}

func (a *API) updateCustomer(ctx context.Context, in *updateCustomerInput) (*customerOutput, error) {
	if err := ownOrAdmin(ctx, in.ID); err != nil {
		return nil, err
	}
	own := !principalOf(ctx).Has(auth.Admin)
	sent := in.Body
	row, err := a.DB.ChangeCustomer(ctx, shopdb.UpdateCustomerParams{
		ID: in.ID, OnlyActive: own, FirstName: trimmed(sent.FirstName), LastName: trimmed(sent.LastName),
		Phone: sent.Phone.value, ClearPhone: sent.Phone.null,
		BirthDate: sent.BirthDate.value.time(), ClearBirthDate: sent.BirthDate.null,
		City: sent.City.value, ClearCity: sent.City.null,
		Country: sent.Country.value.text(), ClearCountry: sent.Country.null,
	})
	switch {
	case own && errors.Is(err, store.ErrNotFound): // a token outlives its customer by minutes
		return nil, problem(customerInactive)
	case err != nil:
		return nil, err
	}
	return &customerOutput{customerOf(row)}, nil
}

func (a *API) deactivateCustomer(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, a.DB.CloseCustomer(ctx, in.ID)
}

// trimmed is text without the blanks around it; nil stays nil.
func trimmed(text *string) *string {
	if text == nil {
		return nil
	}
	short := strings.TrimSpace(*text)
	return &short
}

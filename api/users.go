package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// users serves accounts and their roles to operators.
func (a *API) users() {
	const path = "/api/identity/users/{id}"
	register(a, operation{
		id: "list-users", method: http.MethodGet, path: "/api/identity/users",
		summary: "Look accounts up by e-mail address or role", tag: "users",
		permission: auth.ReadUsers, problems: []code{invalidCursor},
	}, a.listUsers)
	register(a, operation{
		id: "get-user", method: http.MethodGet, path: path, summary: "Show an account", tag: "users",
		permission: auth.ReadUsers, problems: []code{notFound},
	}, a.getUser)
	register(a, operation{
		id: "update-user", method: http.MethodPatch, path: path,
		summary: "Close an account, or open it again",
		about:   "Closing ends all its sessions; access tokens that are out run off within minutes.",
		tag:     "users", permission: auth.WriteUsers, problems: []code{notFound, lastAdmin},
	}, a.updateUser)
	register(a, operation{
		id: "deactivate-user", method: http.MethodDelete, path: path,
		summary: "Close an account and end its sessions", tag: "users",
		permission: auth.WriteUsers, problems: []code{notFound, lastAdmin},
	}, a.deactivateUser)
	register(a, operation{
		id: "open-account", method: http.MethodPost, path: "/api/identity/customers/{id}/account", status: http.StatusCreated,
		summary: "Give a customer who cannot sign in a password",
		about: "For one who was added without a password and is known to be who they say. They change it when they have signed in " +
			"(`POST /api/identity/password`).",
		tag: "users", permission: auth.WriteUsers, problems: []code{notFound, customerInactive, emailTaken, weakPassword, busy},
	}, a.openAccount)
	register(a, operation{
		id: "get-roles", method: http.MethodGet, path: path + "/roles",
		summary: "Show the roles of an account", tag: "users",
		permission: auth.ReadUsers, problems: []code{notFound},
	}, a.getRoles)
	register(a, operation{
		id: "put-roles", method: http.MethodPut, path: path + "/roles",
		summary: "Give an account exactly these roles",
		about: "The role vendor needs the vendor it is bound to. Whoever is signed in has the new roles with the next access token, " +
			"which is minutes away. The last operator who can sign in cannot lose the role admin.",
		tag: "users", permission: auth.WriteUsers, problems: []code{notFound, lastAdmin, notACustomer, unknownReference},
	}, a.putRoles)
}

type roles struct {
	Roles    []string `json:"roles" maxItems:"6" enum:"customer,vendor,admin,data_engineer,data_scientist,bi_analyst"`
	VendorID *int64   `json:"vendor_id" doc:"The vendor that the role vendor is bound to."`
}

type user struct {
	ID         int64     `json:"id"`
	Email      string    `json:"email"`
	CustomerID *int64    `json:"customer_id" doc:"The customer who signs in, if it is one."`
	Roles      []string  `json:"roles" enum:"customer,vendor,admin,data_engineer,data_scientist,bi_analyst"`
	VendorID   *int64    `json:"vendor_id" doc:"The vendor that the role vendor is bound to."`
	IsActive   bool      `json:"is_active"`
	CreatedAt  time.Time `json:"created_at"`
}

func userOf(row shopdb.GetUserRow) user {
	return user{
		ID: row.ID, Email: row.Email, CustomerID: orNull(row.CustomerID), Roles: row.Roles,
		VendorID: orNull(row.VendorID), IsActive: row.IsActive, CreatedAt: row.CreatedAt.UTC(),
	}
}

// orNull is nil for an id that is none.
func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

type listUsersInput struct {
	Page
	LookingFor string `query:"q" maxLength:"100" doc:"The beginning of an e-mail address."`
	Role       string `query:"role" enum:"customer,vendor,admin,data_engineer,data_scientist,bi_analyst"`
}

type usersOutput struct {
	Body List[user]
}

func (a *API) listUsers(ctx context.Context, in *listUsersInput) (*usersOutput, error) {
	var after int64
	if err := in.after(&after); err != nil {
		return nil, err
	}
	rows, err := a.DB.FindUsers(ctx, strings.TrimSpace(in.LookingFor), in.Role, after, in.fetch())
	if err != nil {
		return nil, err
	}
	show := func(row shopdb.ListUsersRow) user { return userOf(shopdb.GetUserRow(row)) }
	return &usersOutput{paged(in.Page, rows, show, func(row shopdb.ListUsersRow) any { return row.ID })}, nil
}

type userOutput struct {
	Body user
}

func (a *API) getUser(ctx context.Context, in *ByID) (*userOutput, error) {
	row, err := a.DB.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &userOutput{userOf(row)}, nil
}

type openAccountInput struct {
	ByID
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	} `nameHint:"NewAccount"`
}

func (a *API) openAccount(ctx context.Context, in *openAccountInput) (*userOutput, error) {
	who, err := a.DB.Customer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.checkPassword("body.password", in.Body.Password, who.Email, who.FirstName, who.LastName); err != nil {
		return nil, err
	}
	hash, err := a.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	id, err := a.DB.OpenAccount(ctx, in.ID, hash)
	if errors.Is(err, store.ErrNotFound) { // it exists
		return nil, problem(customerInactive)
	}
	if err != nil {
		return nil, err
	}
	return a.getUser(ctx, &ByID{id})
}

type updateUserInput struct {
	ByID
	Body struct {
		IsActive bool `json:"is_active"`
	} `nameHint:"UserChange"`
}

func (a *API) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	if err := a.DB.SetAccount(ctx, in.ID, in.Body.IsActive); err != nil {
		return nil, err
	}
	return a.getUser(ctx, &in.ByID)
}

func (a *API) deactivateUser(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, a.DB.SetAccount(ctx, in.ID, false)
}

type rolesOutput struct {
	Body roles
}

func (a *API) getRoles(ctx context.Context, in *ByID) (*rolesOutput, error) {
	row, err := a.DB.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &rolesOutput{roles{Roles: row.Roles, VendorID: orNull(row.VendorID)}}, nil
}

type putRolesInput struct {
	ByID
	Body struct {
		Roles    []string `json:"roles" maxItems:"6" enum:"customer,vendor,admin,data_engineer,data_scientist,bi_analyst"`
		VendorID *int64   `json:"vendor_id,omitempty" minimum:"1" doc:"The vendor that the role vendor is bound to; with that role only."`
	} `nameHint:"RolesChange"`
}

func (a *API) putRoles(ctx context.Context, in *putRolesInput) (*rolesOutput, error) {
	switch vendor := slices.Contains(in.Body.Roles, string(auth.Vendor)); {
	case vendor && in.Body.VendorID == nil:
		return nil, invalid("body.vendor_id", "expected the vendor of the role vendor")
	case !vendor && in.Body.VendorID != nil:
		return nil, invalid("body.vendor_id", "expected none without the role vendor")
	}
	if err := a.DB.GrantRoles(ctx, in.ID, in.Body.Roles, in.Body.VendorID); err != nil {
		return nil, err
	}
	return a.getRoles(ctx, &in.ByID)
}

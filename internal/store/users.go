package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// Errors of users.
var (
	// ErrLastAdmin is returned when nobody would be left who can grant roles.
	ErrLastAdmin = errors.New("the last operator cannot be taken away")
	// ErrNoCustomer is returned when the role customer is granted to somebody who has not registered.
	ErrNoCustomer = errors.New("user is no customer")
)

// prefix gives the bounds of what begins with text, in bytes: no character is above the last one.
func prefix(text string) (from, before string) { return text, text + "\U0010FFFF" }

// FindCustomersBy lists customers whose last name, full name or e-mail address begins with text;
// everybody when it is empty.
func (db *DB) FindCustomersBy(ctx context.Context, text string, after int64, limit int32) ([]shopdb.IdentityCustomer, error) {
	var rows []shopdb.IdentityCustomer
	var err error
	if from, before := prefix(strings.ToLower(text)); text == "" {
		rows, err = db.ListCustomers(ctx, shopdb.ListCustomersParams{AfterID: after, RowLimit: limit})
	} else {
		rows, err = db.FindCustomers(ctx, shopdb.FindCustomersParams{Prefix: from, PrefixEnd: before, AfterID: after, RowLimit: limit})
	}
	return rows, failed("find customers", err)
}

// CustomersOfVendor is FindCustomersBy among those who have bought from a vendor.
func (db *DB) CustomersOfVendor(ctx context.Context, vendor int64, text string, after int64, limit int32) ([]shopdb.IdentityCustomer, error) {
	var rows []shopdb.IdentityCustomer
	var err error
	if from, before := prefix(strings.ToLower(text)); text == "" {
		rows, err = db.ListVendorCustomers(ctx, shopdb.ListVendorCustomersParams{VendorID: vendor, AfterID: after, RowLimit: limit})
	} else {
		rows, err = db.FindVendorCustomers(ctx, shopdb.FindVendorCustomersParams{
			VendorID: vendor, Prefix: from, PrefixEnd: before, AfterID: after, RowLimit: limit,
		})
	}
	return rows, failed("find customers of vendor", err)
}

// User fails with ErrNotFound.
func (db *DB) User(ctx context.Context, id int64) (shopdb.GetUserRow, error) {
	row, err := db.GetUser(ctx, id)
	return row, failed("get user", err)
}

// FindUsers lists users whose e-mail address begins with text and who hold role; empty ones are any.
func (db *DB) FindUsers(ctx context.Context, text, role string, after int64, limit int32) ([]shopdb.ListUsersRow, error) {
	from, before := prefix(strings.ToLower(text))
	rows, err := db.ListUsers(ctx, shopdb.ListUsersParams{
		Prefix: from, PrefixEnd: before, Role: role, AfterID: after, RowLimit: limit,
	})
	return rows, failed("find users", err)
}

// GrantRoles gives a user exactly these roles; vendor is nil without the role vendor. It fails with
// ErrNotFound, ErrLastAdmin, ErrNoCustomer or ErrUnknownVendor.
func (db *DB) GrantRoles(ctx context.Context, user int64, roles []string, vendor *int64) error {
	return failed("grant roles", db.SetRoles(ctx, shopdb.SetRolesParams{UserID: user, Roles: roles, VendorID: vendor}))
}

// SetAccount opens or closes a user's account; closing ends its sessions. It fails with ErrNotFound
// or ErrLastAdmin.
func (db *DB) SetAccount(ctx context.Context, user int64, active bool) error {
	return failed("set account", db.SetUserActive(ctx, shopdb.SetUserActiveParams{UserID: user, Active: active}))
}

// Person is what is known of whoever signs in. It fails with ErrNotFound.
func (db *DB) Person(ctx context.Context, user int64) (shopdb.PersonOfRow, error) {
	row, err := db.PersonOf(ctx, user)
	return row, failed("get account", err)
}

// ChangePassword sets a user's password hash in place of the one that was seen, ends all sessions
// and starts a new one. It fails with ErrNotFound when the password is another by now.
func (db *DB) ChangePassword(ctx context.Context, user int64, from, to string, ttl time.Duration) (refresh string, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		changed, err := q.SetPassword(ctx, shopdb.SetPasswordParams{ID: user, PasswordHash: to, InsteadOf: from})
		if err != nil {
			return err
		}
		if changed == 0 {
			return ErrNotFound
		}
		if err := q.RevokeTokensOfUser(ctx, user); err != nil {
			return err
		}
		refresh, err = issue(ctx, q, uuid.Must(uuid.NewV7()), user, ttl)
		return err
	})
	return refresh, failed("change password", err)
}

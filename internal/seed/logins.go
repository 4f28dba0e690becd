package seed

import (
	"context"
	"time"

	"mercado/internal/auth"
	"mercado/internal/settings"
	"mercado/internal/store/shopdb"
)

// Login is a demo account; all of them have the password settings.DevelopmentPassword.
type Login struct {
	Email      string `json:"email"`
	Role       string `json:"role"`
	CustomerID int64  `json:"customer_id,omitempty"`
	VendorID   int64  `json:"vendor_id,omitempty"`
}

const customerEmail = "customer@example.com"

// demoLogins has one account a role. The customer and the vendor are the first of their kind.
var demoLogins = []Login{
	{Email: "admin@example.com", Role: "admin"},
	{Email: "vendor@example.com", Role: "vendor", VendorID: 1},
	{Email: customerEmail, Role: "customer", CustomerID: 1},
	{Email: "engineer@example.com", Role: "data_engineer"},
	{Email: "scientist@example.com", Role: "data_scientist"},
	{Email: "analyst@example.com", Role: "bi_analyst"},
}

// writeLogins adds the demo accounts. Their password hashes have a fresh salt each: they are the
// one thing that is not the same in two shops of the same seed.
func writeLogins(ctx context.Context, q *shopdb.Queries, at time.Time) error {
	passwords := auth.NewPasswords(1)
	for _, login := range demoLogins {
		hash, err := passwords.Hash(ctx, settings.DevelopmentPassword)
		if err != nil {
			return err
		}
		user := shopdb.SeedUserParams{Email: login.Email, PasswordHash: hash, CreatedAt: at}
		if login.CustomerID != 0 {
			user.CustomerID = &login.CustomerID
		}
		id, err := q.SeedUser(ctx, user)
		if err != nil {
			return err
		}
		role := shopdb.SeedUserRoleParams{UserID: id, Role: login.Role, GrantedAt: at}
		if login.VendorID != 0 {
			role.VendorID = &login.VendorID
		}
		if err := q.SeedUserRole(ctx, role); err != nil {
			return err
		}
	}
	return nil
}

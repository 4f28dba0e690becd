// Package auth says who a request comes from and what they may do: passwords, access tokens,
// roles and permissions. It knows neither HTTP nor a database.
package auth

import "slices"

// Role is what a person is to the shop.
type Role string

// Roles of requirements §1; a vendor is bound to one vendor id.
const (
	Customer      Role = "customer"
	Vendor        Role = "vendor"
	Admin         Role = "admin"
	DataEngineer  Role = "data_engineer"
	DataScientist Role = "data_scientist"
	BIAnalyst     Role = "bi_analyst"
)

// Roles lists every role.
var Roles = []Role{Customer, Vendor, Admin, DataEngineer, DataScientist, BIAnalyst}

// Principal is who a request comes from. Its zero value is somebody who is not signed in.
type Principal struct {
	UserID     int64 // 0 for a token made on the command line
	CustomerID int64 // 0 for somebody who is not a customer
	VendorID   int64 // 0 for somebody who is not a vendor
	Roles      []Role
}

// Has reports whether the principal holds role.
func (p Principal) Has(role Role) bool { return slices.Contains(p.Roles, role) }

// SignedIn reports whether there is anybody at all.
func (p Principal) SignedIn() bool { return len(p.Roles) > 0 }

// May reports whether any of the principal's roles grants permission.
func (p Principal) May(permission Permission) bool {
	if permission == Open || permission == Public {
		return true
	}
	return slices.ContainsFunc(grants[permission], p.Has)
}

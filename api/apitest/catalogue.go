package apitest

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

var serial atomic.Int64

// Made is the id of something that a test has made.
type Made struct {
	ID int64 `json:"id"`
}

// NewVendor adds a vendor with a name of its own.
func (s *Shop) NewVendor() int64 {
	s.t.Helper()
	return Decode[Made](s.Admin().Post("/api/catalog/vendors", map[string]any{
		"vendor_name": fmt.Sprintf("Vendor %d", serial.Add(1)), "region": "PT",
	}).Want(http.StatusCreated)).ID
}

// NewCategory adds a category below parent; 0 makes a root.
func (s *Shop) NewCategory(parent int64) int64 {
	s.t.Helper()
	body := map[string]any{"name": fmt.Sprintf("Category %d", serial.Add(1))}
	if parent != 0 {
		body["parent_id"] = parent
	}
	return Decode[Made](s.Admin().Post("/api/catalog/categories", body).Want(http.StatusCreated)).ID
}

// NewProduct adds a product that cost 1.00.
func (s *Shop) NewProduct(vendor, category int64, price string, stock int64) int64 {
	s.t.Helper()
	return Decode[Made](s.Admin().Post("/api/catalog/products", map[string]any{
		"vendor_id": vendor, "category_id": category, "item_name": fmt.Sprintf("Product %d", serial.Add(1)),
		"brand": "Acme", "price": price, "cost": "1.00", "stock": stock,
	}).Want(http.StatusCreated)).ID
}

// Password is what NewCustomer registers with.
const Password = "a long way to Tipperary"

// NewCustomer registers somebody and returns their id and e-mail address.
func (s *Shop) NewCustomer() (id int64, email string) {
	s.t.Helper()
	email = fmt.Sprintf("customer-%d@example.com", serial.Add(1))
	return Decode[Made](s.Anyone().Post("/api/identity/register", map[string]any{
		"email": email, "password": Password, "first_name": "Ana", "last_name": "Sousa",
	}).Want(http.StatusCreated)).ID, email
}

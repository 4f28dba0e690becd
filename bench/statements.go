package main

import _ "embed" // the statements

var (
	//go:embed sql/products.sql
	newProducts string
	//go:embed sql/customers.sql
	newCustomers string
	//go:embed sql/carts.sql
	fillCarts string
	//go:embed sql/catalogue.sql
	newCatalogue string
)

package main

import _ "embed" // the statements

var (
	//go:embed sql/products.sql
	newProducts string
	//go:embed sql/customers.sql
	newCustomers string
	//go:embed sql/carts.sql
	fillCarts string
	//go:embed sql/shelves.sql
	newShelves string
	//go:embed sql/stock.sql
	newStock string
	//go:embed sql/indexes.sql
	catalogueIndexes string
	//go:embed sql/history/catalogue.sql
	historyCatalogue string
	//go:embed sql/history/orders.sql
	historyOrders string
	//go:embed sql/under_way.sql
	ordersUnderWay string
)

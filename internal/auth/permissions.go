package auth

import "slices"

// Permission is what an operation asks of whoever calls it.
type Permission string

// Permissions that need no role.
const (
	// Open operations do not look at a token: signing in, webhooks, probes.
	Open Permission = "open"
	// Public operations are for everybody, and show more to some: a token that is sent must be good.
	Public Permission = "public"
)

// Permissions that a role grants. A customer or vendor has them for what is their own.
const (
	ListCustomers       Permission = "customers.list"
	ReadCustomers       Permission = "customers.read"
	CreateCustomers     Permission = "customers.create"
	WriteCustomers      Permission = "customers.write"
	DeactivateCustomers Permission = "customers.deactivate"
	VendorCustomers     Permission = "customers.of_vendor"
	ReadUsers           Permission = "users.read"
	WriteUsers          Permission = "users.write"
	ChangePassword      Permission = "password.change"
	WriteVendors        Permission = "vendors.write"
	WriteCategories     Permission = "categories.write"
	WriteProducts       Permission = "products.write"
	ReadStock           Permission = "stock.read"
	WriteStock          Permission = "stock.write"
	ImportProducts      Permission = "products.import"
	WriteReviews        Permission = "reviews.write"
	DeleteReviews       Permission = "reviews.delete"
	UseCart             Permission = "cart.use"
	PlaceOrders         Permission = "orders.place"
	ReadOrders          Permission = "orders.read"
	RegisterSales       Permission = "sales.register"
	ReadSales           Permission = "sales.read"
	ManageDiscounts     Permission = "discounts.manage"
	ManageRates         Permission = "rates.manage"
	ReadTimeline        Permission = "orders.timeline"
	RunAudit            Permission = "audit.run"
	ResumeOrders        Permission = "orders.resume"
	ManageWebhooks      Permission = "webhooks.manage"
	CancelOrders        Permission = "orders.cancel"
	ReturnOrders        Permission = "orders.return"
	ReadReturns         Permission = "returns.read"
	RefundOrders        Permission = "orders.refund"
	FulfilOrders        Permission = "orders.fulfil"
	ReadRuns            Permission = "runs.read"
	LakeCredentials     Permission = "lake.credentials"
	OperateRuns         Permission = "runs.operate"
	ReadQuarantine      Permission = "quarantine.read"
	ReadCatalogue       Permission = "catalogue.read"
)

// grants is the whole of who may do what.
var grants = map[Permission][]Role{
	ListCustomers:       {Admin},
	ReadCustomers:       {Customer, Admin},
	CreateCustomers:     {Vendor, Admin},
	WriteCustomers:      {Customer, Admin},
	DeactivateCustomers: {Admin},
	VendorCustomers:     {Vendor},
	ReadUsers:           {Admin},
	WriteUsers:          {Admin},
	ChangePassword:      Roles,
	WriteVendors:        {Admin},
	WriteCategories:     {Admin},
	WriteProducts:       {Vendor, Admin},
	ReadStock:           {Vendor, Admin},
	WriteStock:          {Vendor, Admin},
	ImportProducts:      {Vendor, Admin},
	WriteReviews:        {Customer},
	DeleteReviews:       {Customer, Admin},
	UseCart:             {Customer},
	PlaceOrders:         {Customer},
	ReadOrders:          {Customer, Admin},
	RegisterSales:       {Vendor, Admin},
	ReadSales:           {Vendor, Admin},
	ManageDiscounts:     {Admin},
	ManageRates:         {Admin},
	ReadTimeline:        {Customer, Vendor, Admin},
	RunAudit:            {Admin},
	ResumeOrders:        {Admin},
	ManageWebhooks:      {Vendor, Admin},
	CancelOrders:        {Customer, Admin},
	ReturnOrders:        {Customer, Admin},
	ReadReturns:         {Customer, Vendor, Admin},
	RefundOrders:        {Admin},
	FulfilOrders:        {Vendor, Admin},
	ReadRuns:            {Admin, DataEngineer, DataScientist, BIAnalyst},
	OperateRuns:         {Admin, DataEngineer},
	ReadQuarantine:      {Admin, DataEngineer},
	LakeCredentials:     {Admin, DataEngineer, DataScientist, BIAnalyst},
	ReadCatalogue:       {Admin, DataEngineer, DataScientist, BIAnalyst},
}

// Known reports whether the permission exists.
func (p Permission) Known() bool {
	_, granted := grants[p]
	return granted || p == Open || p == Public
}

// GrantedTo lists the roles that have the permission; nil for Open and Public.
func (p Permission) GrantedTo() []Role { return slices.Clone(grants[p]) }

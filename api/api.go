// Package api is Mercado's HTTP API: one file per resource, the conventions of all of them in
// operation.go, problem*.go, page.go and principal.go.
//
// A new resource is a file with a method that registers its operations, and a line in resources:
//
//	func (a *API) reviews() {
//		register(a, operation{
//			id: "list-reviews", method: http.MethodGet, path: "/api/catalog/products/{id}/reviews",
//			summary: "List a product's reviews", tag: "reviews",
//			permission: auth.Public, problems: []code{notFound},
//		}, a.listReviews)
//	}
//
//	func (a *API) listReviews(ctx context.Context, in *reviewsInput) (*reviewsOutput, error)
//
// A handler returns plain errors: problem_meanings.go knows what each means to a client.
package api

import (
	"log/slog"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/client"

	"mercado/internal/auth"
	"mercado/internal/completion"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/payment"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/runs"
)

// Deps is what the API works with. All of it may be zero where only the OpenAPI document is
// wanted.
type Deps struct {
	DB        *store.DB
	Temporal  client.Client
	Lake      *lake.Store
	Tokens    *auth.Tokens
	Passwords *auth.Passwords
	Board     *completion.Board // tells of checkouts that end in this process; may be nil
	Probes    []Probe           // what /readyz asks
	Log       *slog.Logger      // nil: slog.Default
	Version   string

	TrustedProxies []string // addresses and networks whose X-Forwarded-For is believed

	Environment settings.Environment
	Auth        settings.Auth
	Shop        settings.Shop
	Limits      settings.Limits
	Webhooks    settings.Webhooks
	Workflow    settings.Temporal
	ETL         settings.ETL
	Objects     settings.ObjectStore
}

// API serves the operations of resources.
type API struct {
	Deps
	huma       huma.API
	router     *gin.Engine
	metrics    *metrics
	operations []operation // in the order they were registered

	details  *cache[shopdb.CatalogProductListing]
	lists    *cache[[]shopdb.ListProductsRow]
	tree     *cache[[]shopdb.CatalogCategory]
	counts   *cache[map[int64]int64] // products by category
	payments payment.Providers

	runs       *runs.Runs
	schedules  *runs.Schedules
	quarantine *runs.Quarantine
}

// Most entries of the catalogue that are kept for a moment.
const (
	keptDetails = 4096
	keptLists   = 512
)

// resources is everything that is served under /api, in the order of the documentation.
var resources = []func(*API){
	(*API).identity,
	(*API).password,
	(*API).users,
	(*API).customers,
	(*API).vendors,
	(*API).categories,
	(*API).categoryTree,
	(*API).products,
	(*API).inventory,
	(*API).reviews,
	(*API).stockHistory,
	(*API).imports,
	(*API).cart,
	(*API).checkout,
	(*API).orders,
	(*API).sales,
	(*API).discounts,
	(*API).rates,
	(*API).timeline,
	(*API).audits,
	(*API).stuck,
	(*API).cancellations,
	(*API).returns,
	(*API).refunds,
	(*API).shipments,
	(*API).webhooks,
	(*API).webhookEndpoints,
	(*API).webhookDeliveries,
	(*API).etlRuns,
	(*API).etlMaintenance,
	(*API).etlBackfills,
	(*API).etlQuarantine,
	(*API).etlSchedules,
	(*API).lakeCredentials,
	(*API).lakeDatasets,
}

// New builds the API; nothing is connected to before the first request.
func New(deps Deps) *API {
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	a := &API{Deps: deps, router: gin.New(), metrics: newMetrics(), payments: payment.Open(deps.Shop)}
	models, err := model.Load()
	if err != nil {
		panic(err) // they are part of the program, and tested
	}
	a.schedules = runs.NewSchedules(deps.Temporal, deps.Workflow)
	a.quarantine = &runs.Quarantine{Shop: deps.DB, Store: deps.Lake, Models: models, Scratch: runs.Scratch(deps.Environment)}
	a.runs = runs.New(deps.DB, deps.Temporal, deps.Workflow, deps.ETL.StepTries)
	a.details = newCache[shopdb.CatalogProductListing](deps.Shop.CatalogueCache, keptDetails)
	a.lists = newCache[[]shopdb.ListProductsRow](deps.Shop.CatalogueCache, keptLists)
	a.tree = newCache[[]shopdb.CatalogCategory](deps.Shop.CatalogueCache, 1)
	a.counts = newCache[map[int64]int64](min(countsKept, 60*deps.Shop.CatalogueCache), 1)
	a.router.HandleMethodNotAllowed = true
	a.router.RedirectTrailingSlash = false
	a.router.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := a.router.SetTrustedProxies(deps.TrustedProxies); err != nil {
		panic(err) // settings have been validated
	}
	a.router.Use(a.identify, a.observe, a.recoverPanics, a.readBody)
	a.router.NoRoute(a.refuse(notFound))
	a.router.NoMethod(a.refuse(methodNotAllowed))

	a.huma = humagin.New(a.router, configuration(deps.Version))
	a.huma.UseMiddleware(a.authorize)
	aliasSchemas(a.huma.OpenAPI().Components.Schemas)
	for _, resource := range resources {
		resource(a)
	}
	a.health()
	a.docs()
	return a
}

// Routes lists every method and path that is served, as "GET /api/catalog/products/:id".
func (a *API) Routes() []string {
	var routes []string
	for _, route := range a.router.Routes() {
		routes = append(routes, route.Method+" "+route.Path)
	}
	return routes
}

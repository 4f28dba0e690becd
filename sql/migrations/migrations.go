// Package migrations embeds the schema of the two databases Mercado writes: the shop and the
// warehouse. They may live in one Postgres database or on two servers.
package migrations

import "embed"

// Shop holds the migrations of the shop's schemas: identity, catalog, ordering and etl.
//
//go:embed shop/*.sql
var Shop embed.FS

// Warehouse holds the migrations of the schemas warehouse and staging.
//
//go:embed warehouse/*.sql
var Warehouse embed.FS

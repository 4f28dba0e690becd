// Package sources embeds the queries that the lake copies from the shop, a file per table of
// zone raw. Each is wrapped twice by the extract, for the copy and for the control totals, and
// runs with lake.from and lake.to set to the first instants of the days [from, to) at hand.
//
// Their headers:
//
//	description  what the table holds
//	subject      the days the table follows: orders, refunds, carts, stock or events; none for a
//	             table that is copied whole
//	split        a table copied whole that is cut into ranges of blocks when it is large: its query
//	             reads rows from lake.first up to lake.end, both of type tid
//	per          span, for a query that runs once per unbroken row of days; else it runs once per
//	             partition
//	columns      the contract: each must come, with this type; what comes besides is carried
//	             along and reported
//	without      columns that never leave the shop
//	person       whose a row is: customer or order, and the column with its key; none where no row says who
//	             somebody is
//	keeps        columns that stay when the person is erased
//	erase COLUMN what takes its place then, in DuckDB's SQL
package sources

import "embed"

// Files holds a .sql file for each table.
//
//go:embed *.sql
var Files embed.FS

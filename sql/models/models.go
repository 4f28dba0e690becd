// Package models embeds the SQL models of the zones clean, work and gold, a file per table. A
// model is a query for DuckDB over the tables it reads (raw.orders, clean.customers, …) and:
//
//	run.days      (subject, from_day, to_day)  the days [from_day, to_day) of each subject
//	run.interval  (from_day, to_day)           the days the run was asked for
//	run.parameters (clv_expected_months, clv_acquisition_cost)  settings, frozen with the run
//	mask_email    (text) → text                the keyed hash that stands for an e-mail address
//	ratio         (a, b) → DECIMAL(18, 4)      a / b, half of the last digit rounded away from zero;
//	money_ratio   (a, b) → DECIMAL(18, 2)      null where b is 0. a and b are whole numbers or
//	                                           decimals of up to 4 digits after the point
//
// Its header is its documentation and its contract:
//
//	description   what the table holds
//	grain         what a row is
//	key           columns that no two rows share; rows are written in their order
//	version       zone clean: of rows with one key the one highest in these columns stays
//	partition     a timestamptz whose day a row belongs to; none for a table written whole
//	subject       zone gold: the days a publish replaces; none for a table replaced whole
//	publish       zone gold: upsert, for a table of which rows are added and never taken away; as-of,
//	              for one that shows the last day of the run's interval and is not turned back
//	reads         the tables. published.T of a table of facts is all days of gold.T up to the end of the
//	              run's interval: those published before, with the run's own in place of theirs.
//	              published.T of a table written whole is what stood before the run
//	totals        columns whose sums the manifest gives
//	column NAME   what it means; in the order of the query. NAME may be followed by its type, as DuckDB
//	              names it, and must in a table that is read as published.T and written whole: it
//	              says what there is to read before the first run, and of files from before the column
//	              came, where it is null
//	person        whose a row is: customer or order, and the column with its key; none where no row says who
//	              somebody is
//	keeps         columns that stay when the person is erased; each column is kept or erased
//	erase NAME    what takes the column's place then: what the query makes of what takes its place before
//	periods       from and to of a history: versions that say the same once the person is erased become one
//	error NAME    a condition every row meets. In zone clean rows that do not go to quarantine
//	              under this name, elsewhere the run stops
//	warn NAME     a condition whose exceptions are counted
//
// Amounts of money are DECIMAL(18, 2), stored as whole minor units with that annotation.
package models

import "embed"

// Files holds clean, work and gold.
//
//go:embed clean/*.sql work/*.sql gold/*.sql
var Files embed.FS

// Package audit embeds the checks of `mercado audit`, a file each: a query that finds what must
// not be. Its columns are subject_id, which names what is wrong, and details, a JSON object that
// says how. All of them see one snapshot of the database, so what they compare must be true
// between any two transactions. The header says:
//
//	proves     what holds when the query finds nothing
//	subject    what subject_id names: product, order, payment, cart, refund, endpoint, …
//	severity   error: money or stock is wrong; warn: somebody should look
//
// @limits is the limits of settings.Limits, a JSON object of seconds.
package audit

import "embed"

// Files holds the checks.
//
//go:embed *.sql
var Files embed.FS

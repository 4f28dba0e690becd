// Package reference embeds the tables of data that a new shop begins with; operators replace them
// by the API, and what they have replaced is never written over.
//
//	tax_rates.csv       country, region (the rest of an ISO 3166-2 code, empty for the whole
//	                    country), rate in percent
//	shipping_zones.csv  zone, days in transit, its countries
//	shipping_rates.csv  zone, up to kg, price, free from (goods after discount; empty: never)
package reference

import "embed"

// Files holds the tables as CSV with a header.
//
//go:embed *.csv
var Files embed.FS

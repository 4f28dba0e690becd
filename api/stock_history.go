package api

import (
	"context"
	"net/http"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
)

// stockHistory serves what a product's stock was.
func (a *API) stockHistory() {
	register(a, operation{
		id: "get-stock-series", method: http.MethodGet, path: "/api/catalog/products/{id}/inventory/series",
		summary: "Show a product's stock hour by hour or day by day", tag: "inventory",
		about: "One row for each hour or day of UTC that begins from `from` (rounded down) and before `to`, quiet ones included, " +
			"at most 1000 and all in one answer: a longer time is asked for in parts. Holds count until they expire.",
		permission: auth.ReadStock, problems: []code{notFound},
	}, a.stockSeries)
}

// buckets are the lengths of a series, in hours.
var buckets = map[string]int32{"hour": 1, "day": 24}

const mostBuckets = 1000

type stockSeriesInput struct {
	ByID
	From   time.Time `query:"from" doc:"Default: 30 buckets before to."`
	To     time.Time `query:"to" doc:"Exclusive. Default: now."`
	Bucket string    `query:"bucket" enum:"hour,day" default:"day"`
}

type stockBucket struct {
	From     time.Time `json:"from" doc:"The first instant of the hour or day."`
	Opening  int64     `json:"opening" doc:"Units on the shelf when it began."`
	In       int64     `json:"in" doc:"Units put on the shelf."`
	Out      int64     `json:"out" doc:"Units taken off the shelf."`
	Closing  int64     `json:"closing" doc:"Units on the shelf when it ended, or now."`
	Reserved int64     `json:"reserved" doc:"Of them, those that carts and orders kept when it ended, or keep now."`
}

type stockSeriesOutput struct {
	Body struct {
		ProductID int64         `json:"product_id"`
		Bucket    string        `json:"bucket" enum:"hour,day"`
		Items     []stockBucket `json:"items"`
	} `nameHint:"StockSeries"`
}

func (a *API) stockSeries(ctx context.Context, in *stockSeriesInput) (*stockSeriesOutput, error) {
	if _, err := a.ownProduct(ctx, in.ID); err != nil {
		return nil, err
	}
	hours := buckets[in.Bucket]
	length := time.Duration(hours) * time.Hour
	if in.To.IsZero() {
		in.To = time.Now()
	}
	if in.From.IsZero() {
		in.From = in.To.Add(-29 * length)
	}
	if year := in.From.Year(); year < 2000 || in.To.Year() > 2200 {
		return nil, invalid("query.from", "expected a time from 2000 to 2200")
	}
	from := in.From.UTC().Truncate(length) // hours and days of UTC are whole ones of Truncate's zero time
	if !in.To.After(from) {
		return nil, invalid("query.to", "expected a time after from")
	}
	if in.To.Sub(from) > mostBuckets*length {
		return nil, invalid("query.from", "expected at most 1000 buckets")
	}
	rows, err := a.DB.StockSeries(ctx, shopdb.StockSeriesParams{
		ProductID: in.ID, FromTime: from, ToTime: in.To, BucketHours: hours,
	})
	if err != nil {
		return nil, err
	}
	out := &stockSeriesOutput{}
	out.Body.ProductID, out.Body.Bucket = in.ID, in.Bucket
	out.Body.Items = make([]stockBucket, len(rows))
	for i, row := range rows {
		out.Body.Items[i] = stockBucket{row.Bucket.UTC(), row.Opening, row.UnitsIn, row.UnitsOut, row.Closing, row.Reserved}
	}
	return out, nil
}

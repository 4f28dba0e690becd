// Package seed fills an empty shop with two years of believable history: people, products,
// orders in their final states, the money that moved and the stock ledger that explains every
// balance. The same options give the same rows, byte for byte.
package seed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/store/shopdb"
)

// ErrNotEmpty is returned for a shop that holds anything already: history is written with ids of
// its own and cannot be put around other people's orders.
var ErrNotEmpty = errors.New("the shop is not empty")

// Options say what is made. The zero value means seed 1, scale 1, until today.
type Options struct {
	Seed  uint64    // another number gives another shop of the same kind; 0 means 1
	Scale int       // multiplies people, vendors, products, orders and reviews; 0 means 1
	Until time.Time // the first day (UTC) without history; zero means today

	// Progress, where not nil, is told after each table how many of all rows are written.
	Progress func(table string, written, total int64)
}

// Summary tells what was written.
type Summary struct {
	Seed   uint64      `json:"seed"`
	Scale  int         `json:"scale"`
	From   time.Time   `json:"from"`  // the first day of history
	Until  time.Time   `json:"until"` // the first day after it
	Tables []TableRows `json:"tables"`
	Logins []Login     `json:"logins"`
}

// TableRows counts the rows of one table.
type TableRows struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Run writes the history in one transaction: all of it or none. It returns ErrNotEmpty, wrapped
// with what it found, for a shop that holds anything.
func Run(ctx context.Context, pool *pgxpool.Pool, options Options) (Summary, error) {
	options = options.withDefaults()
	made := generate(options)
	summary := Summary{
		Seed: options.Seed, Scale: options.Scale,
		From: made.calendar.from, Until: made.calendar.until, Logins: demoLogins,
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := shopdb.New(tx)
		if err := q.LockSeeding(ctx); err != nil {
			return err
		}
		if err := refuseUnlessEmpty(ctx, q); err != nil {
			return err
		}
		var err error
		if summary.Tables, err = made.write(ctx, q, options.Progress); err != nil {
			return err
		}
		if err := writeLogins(ctx, q, options.Until); err != nil {
			return err
		}
		return q.AdvanceSequences(ctx)
	})
	if err != nil {
		return Summary{}, fmt.Errorf("seed: %w", err)
	}
	return summary, nil
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Scale < 1 {
		o.Scale = 1
	}
	if o.Until.IsZero() {
		o.Until = time.Now()
	}
	o.Until = o.Until.UTC().Truncate(24 * time.Hour)
	return o
}

func refuseUnlessEmpty(ctx context.Context, q *shopdb.Queries) error {
	found, err := q.ShopContents(ctx)
	if err != nil {
		return err
	}
	if found != (shopdb.ShopContentsRow{}) {
		return fmt.Errorf("%w: it has %d customers, %d vendors, %d products and %d orders",
			ErrNotEmpty, found.Customers, found.Vendors, found.Products, found.Orders)
	}
	return nil
}

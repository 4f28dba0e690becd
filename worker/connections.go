package worker

import (
	"context"

	"mercado/internal/settings"
	"mercado/internal/store"
)

// Connections are what a worker opens to the shop's Postgres: pools that do not wait for each other, with no more
// than settings.Database.MaxConns in all.
type Connections struct {
	Orders *store.DB // for checkout, fulfilment and operations
	Steps  *store.DB // for what the steps of loads read and write, apart from copies
	Copies *store.DB // for extracts, each of which holds one until it has copied everything
}

// Connect opens the pools: half of the connections are for orders, a quarter each for steps and for copies. A worker
// without loads has them all for orders, and no other pool.
func Connect(ctx context.Context, s settings.Database, loads bool) (*Connections, error) {
	c := &Connections{}
	orders, quarter := s.MaxConns, s.MaxConns/4
	shares := map[**store.DB]int32{&c.Orders: orders}
	if loads {
		shares = map[**store.DB]int32{&c.Orders: orders - 2*quarter, &c.Steps: quarter, &c.Copies: quarter}
	}
	for pool, share := range shares {
		s.MaxConns = share
		var err error
		if *pool, err = store.Open(ctx, s); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Close returns all connections.
func (c *Connections) Close() {
	for _, pool := range []*store.DB{c.Orders, c.Steps, c.Copies} {
		if pool != nil {
			pool.Close()
		}
	}
}

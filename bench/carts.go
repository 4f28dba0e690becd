package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// carts are customers who have filled their carts and not yet bought, each good for one checkout.
type carts struct {
	shop     *shop
	products []int64
	apart    int // how far apart in products a cart's two lines are; 0: it has one line

	mu    sync.Mutex
	ready []int64
	made  int
}

var errNoCarts = errors.New("more checkouts than carts were made for")

// newCarts adds products to the shop, enough of each for any number of carts.
func (p *shop) newCarts(ctx context.Context, products int) (*carts, error) {
	made, err := ids(ctx, p, newProducts, products, uuid.NewString())
	if err != nil {
		return nil, fmt.Errorf("add products: %w", err)
	}
	return &carts{shop: p, products: made, apart: 17}, nil
}

// fill has customers fill their carts with two products each (see apart), until
// count are ready.
func (c *carts) fill(ctx context.Context, count int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if count -= len(c.ready); count <= 0 {
		return nil
	}
	customers, err := ids(ctx, c.shop, newCustomers, count, uuid.NewString())
	if err != nil {
		return fmt.Errorf("add customers: %w", err)
	}
	ready, err := ids(ctx, c.shop, fillCarts, customers, c.products, c.made, c.apart)
	if err != nil {
		return fmt.Errorf("fill carts: %w", err)
	}
	c.made += count
	c.ready = append(c.ready, ready...)
	return nil
}

func (c *carts) take() (customer int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ready) == 0 {
		return 0, errNoCarts
	}
	customer = c.ready[0]
	c.ready = c.ready[1:]
	return customer, nil
}

// ids runs a statement that returns ids.
func ids(ctx context.Context, p *shop, statement string, arguments ...any) ([]int64, error) {
	rows, err := p.db.Pool.Query(ctx, statement, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

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
	lines    int // of each cart, each of another product; 1 or 2

	mu    sync.Mutex
	ready []int64
	made  int
}

var errNoCarts = errors.New("more checkouts than carts were made for")

// newCarts adds products to the shop, enough of each for any number of carts with so many lines.
func (p *shop) newCarts(ctx context.Context, products, lines int) (*carts, error) {
	made, err := ids(ctx, p, newProducts, products, uuid.NewString())
	if err != nil {
		return nil, fmt.Errorf("add products: %w", err)
	}
	return &carts{shop: p, products: made, lines: lines}, nil
}

// fill has customers fill their carts until count are ready.
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
	ready, err := ids(ctx, c.shop, fillCarts, customers, c.products, c.made, c.lines)
	if err != nil {
		return fmt.Errorf("fill carts: %w", err)
	}
	c.made += count
	c.ready = append(c.ready, ready...)
	// Carts are filled one by one elsewhere, and what that leaves behind is swept away in between.
	_, err = c.shop.db.Pool.Exec(ctx, "vacuum catalog.stock, catalog.holds")
	return err
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

package main

import (
	"context"
	"errors"
)

const (
	hotName    = "one hot product"
	spreadName = "spread over 200"
)

// hot has everybody buy the same product, beside everybody buying one of many: what a row that all
// of them lock costs.
func (b *bench) hot(ctx context.Context) (err error) {
	p, err := b.servers.openShop(ctx, "hot", []string{"sandbox", "api"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	var subjects []subject
	for name, products := range map[string]int{hotName: 1, spreadName: 200} {
		carts, err := p.newCarts(ctx, products)
		if err != nil {
			return err
		}
		carts.apart = 0 // one line each
		buy, err := p.checkouts(carts)
		if err != nil {
			return err
		}
		subjects = append(subjects, subject{name: name, do: buy, before: carts.fill})
	}
	figures, err := b.compare(ctx, p, 32, subjects)
	if err != nil {
		return err
	}
	b.report.add("hot product", "32 at once", figures)
	b.report.target("rate of checkouts of one product, over spread", ratio(figures[hotName].Rounds, figures[spreadName].Rounds), atLeast, 0.8)
	return nil
}

// fulfilment measures checkouts while the orders that were sold are shipped: the worker runs, and
// shipments are packed at once.
func (b *bench) fulfilment(ctx context.Context) (err error) {
	p, err := b.servers.openShop(ctx, "fulfilment", []string{"sandbox", "api", "worker"},
		"MERCADO_PACK_AFTER=0s", "MERCADO_SANDBOX_TRANSIT=1s")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	carts, err := p.newCarts(ctx, 200)
	if err != nil {
		return err
	}
	buy, err := p.checkouts(carts)
	if err != nil {
		return err
	}
	bare, stopBare, err := p.bareWorkflow()
	if err != nil {
		return err
	}
	defer stopBare()
	figures, err := b.compare(ctx, p, 8, []subject{{name: checkoutName, do: buy, before: carts.fill}, {name: bareName, do: bare}})
	if err != nil {
		return err
	}
	b.report.add("with fulfilment", "8 at once", figures)
	return nil
}

package main

import (
	"context"
	"errors"
	"strconv"
)

const (
	checkoutName = "checkout over HTTP"
	bareName     = "A: bare workflow"
	writesName   = "B: its transactions alone"
	hotName      = "one hot product"
	spreadName   = "spread over 200"

	manyProducts = 200
)

// checkouts runs a part that buys: in a shop of its own with these processes beside the API, whose
// books must balance when the part is over.
func (b *bench) checkouts(
	ctx context.Context, name string, commands []string, variables []string, part func(*shop) error,
) (err error) {
	p, err := b.servers.openShop(ctx, name, append([]string{"sandbox", "api"}, commands...), variables...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := part(p); err != nil {
		return err
	}
	return p.audit(ctx)
}

// buyers are a subject that buys one cart after the other.
func (p *shop) buyers(ctx context.Context, name string, products, lines int) (subject, *carts, error) {
	carts, err := p.newCarts(ctx, products, lines)
	if err != nil {
		return subject{}, nil, err
	}
	buy, err := p.buy(carts)
	return subject{name: name, shop: p, do: buy, before: carts.fill}, carts, err
}

// checkout measures a checkout beside the least that Temporal costs and the least that Postgres
// does. No worker runs, so fulfilment is held back; the API hosts the steps of the checkout.
func (b *bench) checkout(ctx context.Context) error {
	return b.checkouts(ctx, "checkout", nil, nil, func(p *shop) error {
		buying, carts, err := p.buyers(ctx, checkoutName, manyProducts, 2)
		if err != nil {
			return err
		}
		bare, stop, err := p.bareWorkflow()
		if err != nil {
			return err
		}
		defer stop()
		for _, atOnce := range []int{1, 8, 32} {
			b.say("  %d at once", atOnce)
			pace := b.pace
			if atOnce > 1 {
				pace = pace.hurried()
			}
			figures, err := b.compare(ctx, pace, atOnce, []subject{
				buying, bare, {name: writesName, shop: p, do: p.transactions(carts), before: carts.fill},
			})
			if err != nil {
				return err
			}
			b.result.add(strconv.Itoa(atOnce)+" at once", figures)
			own, base := figures[checkoutName], figures[bareName]
			switch atOnce {
			case 1:
				b.result.target("p50 of a checkout at 1, over A's", quotient(own.Same.P50, base.Same.P50), atMost, 4)
			case 32:
				b.result.target("rate of checkouts at 32, over A's", ratio(own, base), atLeast, 0.6)
			}
		}
		return nil
	})
}

// fulfilment measures checkouts while the orders that were sold are shipped: the worker runs, and
// shipments are packed at once.
func (b *bench) fulfilment(ctx context.Context) error {
	variables := []string{"MERCADO_PACK_AFTER=0s", "MERCADO_SANDBOX_TRANSIT=1s"}
	return b.checkouts(ctx, "fulfilment", []string{"worker"}, variables, func(p *shop) error {
		buying, _, err := p.buyers(ctx, checkoutName, manyProducts, 2)
		if err != nil {
			return err
		}
		bare, stop, err := p.bareWorkflow()
		if err != nil {
			return err
		}
		defer stop()
		figures, err := b.compare(ctx, b.pace.hurried(), 8, []subject{buying, bare})
		if err != nil {
			return err
		}
		b.result.add("8 at once", figures)
		b.result.note("rate of checkouts at 8 while orders are shipped, over A's", ratio(figures[checkoutName], figures[bareName]))
		return nil
	})
}

// hot has everybody buy the same product, beside everybody buying one of many: what a row that all
// of them lock costs.
func (b *bench) hot(ctx context.Context) error {
	return b.checkouts(ctx, "hot", nil, nil, func(p *shop) error {
		hot, _, err := p.buyers(ctx, hotName, 1, 1)
		if err != nil {
			return err
		}
		spread, _, err := p.buyers(ctx, spreadName, manyProducts, 1)
		if err != nil {
			return err
		}
		figures, err := b.compare(ctx, b.pace.hurried(), 32, []subject{hot, spread})
		if err != nil {
			return err
		}
		b.result.add("32 at once", figures)
		b.result.target("rate of checkouts of one product, over spread", ratio(figures[hotName], figures[spreadName]), atLeast, 0.8)
		return nil
	})
}

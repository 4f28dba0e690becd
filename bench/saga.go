package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
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
				writes, err := p.writes(ctx, buying, 50)
				if err != nil {
					return err
				}
				b.result.note("transactions that write for one checkout, with its webhook", writes)
			case 32:
				b.result.target("rate of checkouts at 32, over A's", ratio(own, base), atLeast, 0.6)
			}
		}
		return nil
	})
}

// writes is how many transactions of Postgres write in one of so many that are done one after the other. (What
// each asks is counted by TestCheckoutAsksNoMoreThanItMust.)
func (p *shop) writes(ctx context.Context, s subject, count int) (float64, error) {
	if err := s.before(ctx, count); err != nil {
		return 0, err
	}
	const next = "select (pg_current_xact_id()::text)::bigint" // counts itself
	var before, after, asked int64
	if err := p.db.Pool.QueryRow(ctx, next).Scan(&before); err != nil {
		return 0, err
	}
	for i := range count {
		if err := s.do(ctx, i); err != nil {
			return 0, err
		}
	}
	for more := true; more; { // the last webhooks are on their way
		earlier := after
		if err := p.db.Pool.QueryRow(ctx, next).Scan(&after); err != nil {
			return 0, err
		}
		if more = after != earlier+1; more {
			asked++
			if !waitUntil(ctx, time.Now().Add(time.Second)) {
				return 0, ctx.Err()
			}
		}
	}
	return float64(after-before-1-asked) / float64(count), nil
}

// fulfilment measures checkouts while the orders that were sold are shipped: the worker runs, shipments
// are packed at once, and parcels are there after a moment. Each load begins when all that was sold before has
// arrived.
func (b *bench) fulfilment(ctx context.Context) error {
	variables := []string{"MERCADO_PACK_AFTER=0s", "MERCADO_SANDBOX_TRANSIT=100ms"}
	return b.checkouts(ctx, "fulfilment", []string{"worker"}, variables, func(p *shop) error {
		buying, carts, err := p.buyers(ctx, checkoutName, manyProducts, 2)
		if err != nil {
			return err
		}
		buying.before = func(ctx context.Context, count int) error {
			return errors.Join(carts.fill(ctx, count), p.allDelivered(ctx))
		}
		bare, stop, err := p.bareWorkflow()
		if err != nil {
			return err
		}
		defer stop()
		bare.before = func(ctx context.Context, _ int) error { return p.allDelivered(ctx) }
		pace := b.pace.hurried()
		pace.slice *= 2                       // or most would be shipped when it is over
		pace.samples = min(pace.samples, 300) // each slice waits for what the one before has sold
		pace.most = min(pace.most, 12*time.Second)
		for _, atOnce := range []int{1, 8, 32} {
			b.say("  %d at once", atOnce)
			figures, err := b.compare(ctx, pace, atOnce, []subject{buying, bare})
			if err != nil {
				return err
			}
			b.result.add(strconv.Itoa(atOnce)+" at once", figures)
			b.result.note(fmt.Sprintf("rate of checkouts at %d while orders are shipped, over A's", atOnce),
				ratio(figures[checkoutName], figures[bareName]))
		}
		return nil
	})
}

// allDelivered waits until all that was sold has arrived.
func (p *shop) allDelivered(ctx context.Context) error {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("orders are under way after %s", limit))
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		var open bool
		if err := p.db.Pool.QueryRow(ctx, ordersUnderWay).Scan(&open); err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
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

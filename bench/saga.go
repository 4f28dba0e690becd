package main

import (
	"context"
	"errors"
	"strconv"
)

// concurrency is how many buyers wait for an answer at any time.
var concurrency = []int{1, 8, 32}

const (
	checkoutName = "checkout over HTTP"
	bareName     = "A: bare workflow"
	writesName   = "B: its transactions alone"
)

// checkout measures a checkout beside the least that Temporal costs and the least that Postgres
// does. No worker runs, so fulfilment is held back; the API hosts the steps of the checkout.
func (b *bench) checkout(ctx context.Context) (err error) {
	p, err := b.servers.openShop(ctx, "checkout", []string{"sandbox", "api"})
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
	subjects := []subject{
		{name: checkoutName, do: buy, before: carts.fill},
		{name: bareName, do: bare},
		{name: writesName, do: p.transactions(carts), before: carts.fill},
	}
	for _, atOnce := range concurrency {
		b.say("checkout, %d at once", atOnce)
		figures, err := b.compare(ctx, p, atOnce, subjects)
		if err != nil {
			return err
		}
		b.report.add("checkout", strconv.Itoa(atOnce)+" at once", figures)
		own, base := figures[checkoutName], figures[bareName]
		switch atOnce {
		case 1:
			b.report.target("p50 of a checkout at 1, over A's", own.Unhurried.P50/base.Unhurried.P50, atMost, 4)
		case 32:
			b.report.target("rate of checkouts at 32, over A's", ratio(own.Rounds, base.Rounds), atLeast, 0.6)
		}
	}
	return nil
}

// ratio is the median of the ratios of rounds that followed each other.
func ratio(own, base []float64) float64 {
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = own[i] / base[i]
	}
	return median(ratios)
}

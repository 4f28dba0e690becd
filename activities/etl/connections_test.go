package etl_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/worker"
)

func TestOrdersNeverWaitForExtracts(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 3)")
	few := p.world.Database
	few.MaxConns = 4 // the least that may be set
	shop, err := worker.Connect(t.Context(), few, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shop.Close)
	if all := shop.Orders.Pool.Config().MaxConns + shop.Steps.Pool.Config().MaxConns + shop.Copies.Pool.Config().MaxConns; all > few.MaxConns {
		t.Errorf("a worker opens up to %d connections where %d are allowed", all, few.MaxConns)
	}
	steps := *p.Activities
	steps.Shop, steps.Copies = shop.Steps, shop.Copies
	p.work(&steps)

	release := p.holdLock("catalog.reviews in access exclusive mode") // which every extract waits for
	var loads []client.WorkflowRun
	for _, days := range []lake.Span{
		span(t, "2026-03-01", "2026-03-02"), span(t, "2026-03-02", "2026-03-03"),
		span(t, "2026-03-03", "2026-03-04"), span(t, "2026-03-04", "2026-03-05"),
	} {
		loads = append(loads, p.start(newRun(days), etl.Extract))
	}
	p.eventually("all loads are at their extract", func() bool {
		return p.text("select count(*) from etl.steps where step = 'extract' and table_name = '' and state = 'running'") == "4" &&
			shop.Copies.Pool.Stat().AcquiredConns() == shop.Copies.Pool.Config().MaxConns
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, pool := range []interface{ Ping(context.Context) error }{shop.Orders, shop.Steps} {
		if err := pool.Ping(ctx); err != nil {
			t.Errorf("while extracts have what they can get, others wait: %v", err)
		}
	}
	if taken := shop.Orders.Pool.Stat().AcquiredConns(); taken != 0 {
		t.Errorf("loads have %d of the connections for orders", taken)
	}
	release()
	var failures []error
	for _, load := range loads {
		_, err := p.finish(load)
		failures = append(failures, err)
	}
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	p.same(warehouseRevenue, shopRevenue)
}

package etl_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// writing places orders of a day, one after the other, until stop, which returns how many.
func (p *pipeline) writing(day string) (stop func() int) {
	p.t.Helper()
	connection, err := pgx.Connect(p.t.Context(), p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	placed := make(chan int)
	go func() {
		count := 0
		for ctx.Err() == nil {
			// Not the context that ends: an order is placed whole.
			if _, err := connection.Exec(context.WithoutCancel(ctx), "select fixture.place($1, 1)", day); err != nil {
				p.t.Error(err)
				break
			}
			count++
		}
		_ = connection.Close(context.WithoutCancel(ctx))
		placed <- count
	}()
	return func() int {
		cancel()
		return <-placed
	}
}

func TestOrdersPlacedDuringTheExtractAreInThisRunOrTheNext(t *testing.T) {
	t.Parallel()
	p := setup(t)
	stop := p.writing("2026-03-01")
	p.eventually("the writer has begun", func() bool { return p.text("select count(*) from ordering.orders") != "0" })
	run, _ := p.load("2026-03-01", "2026-03-02")
	// Every order that the snapshot saw is there with its lines, its payment and its stock.
	p.want("select count(*) from (select 1 from warehouse.sales group by order_id having count(*) <> 2) as torn", "0")
	orders := lake.Total(p.manifest(run, lake.Raw, "orders").Parts).Rows
	for table, each := range map[string]int64{"order_items": 2, "payments": 1} {
		if rows := lake.Total(p.manifest(run, lake.Raw, table).Parts).Rows; rows != orders*each {
			t.Errorf("%d rows of %s with %d orders", rows, table, orders)
		}
	}
	if orders == 0 {
		t.Error("the writer had placed nothing when the extract began")
	}
	p.load("2026-03-01", "2026-03-02")
	if placed := stop(); int64(placed) <= orders {
		t.Errorf("the writer placed %d orders in all, %d before the first extract", placed, orders)
	}
	p.load("2026-03-02", "2026-03-03") // the late ones of the day before come along
	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
	p.same("select sum(closing) from warehouse.stock_daily where date_id = 20260302", "select sum(on_hand) from catalog.stock")
}

func TestTransactionHeldOpenDelaysNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	stranger, err := pgx.Connect(t.Context(), p.world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close(context.Background()) }()
	tx, err := stranger.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	p.load("2026-03-01", "2026-03-02")
	p.same("select count(distinct order_id) from warehouse.sales", "select 10")
	p.load("2026-03-02", "2026-03-03") // moves the mark past ids the stranger has
	p.exec("select fixture.place('2026-03-03', 5)")
	if _, err := tx.Exec(t.Context(), "select fixture.place('2026-03-01', 2)"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.load("2026-03-03", "2026-03-04")
	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(distinct order_id) from warehouse.sales", "select 17")
}

func TestRunsOfTheSameDaysAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 20), fixture.place('2026-03-02', 20)")
	stop := p.writing("2026-03-02")
	first := p.start(newRun(span(t, "2026-03-01", "2026-03-03")), etl.Extract)
	second := p.start(newRun(span(t, "2026-03-02", "2026-03-04")), etl.Extract)
	_, firstErr := p.finish(first)
	_, secondErr := p.finish(second)
	stop()
	if err := errors.Join(firstErr, secondErr); err != nil {
		t.Fatal(err)
	}
	// The day they share comes from one run, and from the one that saw more.
	p.same(`select warehouse.snapshot_order(snapshot) from warehouse.versions where table_name = 'sales' and date_id = 20260302`,
		"select max(warehouse.snapshot_order(snapshot)) from etl.runs")
	p.load("2026-03-03", "2026-03-04")
	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
}

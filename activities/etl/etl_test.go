package etl_test

import "testing"

// revenue as the issue asks for it, in the warehouse and in the shop.
const (
	warehouseRevenue = "select sum(total_price) from warehouse.sales where order_status <> 'cancelled'"
	shopRevenue      = `select sum(i.total_price) from ordering.order_items as i
		inner join ordering.orders as o on o.id = i.order_id where o.status <> 'cancelled'`
)

func TestWarehouseEqualsTheShopToTheCent(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 40), fixture.place('2026-03-02', 33)")
	p.exec("select fixture.leave_carts('2026-03-02', 9)")
	_, result := p.load("2026-03-01", "2026-03-03")

	p.same("select count(*) from warehouse.orders", "select count(*) from ordering.orders")
	p.same("select sum(total_amount) from warehouse.orders", "select sum(total_amount) from ordering.orders")
	p.same("select sum(units) from warehouse.carts", "select sum(qty) from ordering.cart_items")
	p.same("select sum(value) from warehouse.carts", "select sum(qty * unit_price) from ordering.cart_items")
	p.want("select string_agg(distinct country, '') from warehouse.orders", "PT")
	p.want("select count(*) from (select row_number() over (partition by customer_id order by ordered_at, order_id), order_sequence"+
		" from warehouse.orders) as o (want, got) where want <> got", "0")
	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
	p.same("select sum(qty) from warehouse.sales", "select sum(qty) from ordering.order_items")
	p.same("select sum(discount) from warehouse.sales", "select sum(discount_amount) from ordering.order_items")
	p.same("select count(*) from warehouse.customer", "select count(*) from identity.customers")
	p.same("select sum(price - cost) from warehouse.inventory", "select sum(price - cost) from catalog.products")
	p.same("select sum(on_hand) from warehouse.inventory", "select sum(on_hand) from catalog.stock")
	p.same("select sum(closing) from warehouse.stock_daily where date_id = 20260302", "select sum(on_hand) from catalog.stock")
	p.same("select sum(reserved) from warehouse.stock_daily where date_id = 20260302", "select sum(reserved) from catalog.stock")
	p.want("select count(*) from warehouse.stock_daily", "24")
	p.want("select count(distinct date_id) from warehouse.sales", "2")
	p.want("select count(*) from warehouse.date", "365")
	p.want("select path from warehouse.category where category_id = 3", "Category 1 > Category 3")
	p.want("select string_agg(distinct first_name || last_name, '') from warehouse.customer", "G.F.")
	p.want("select bool_and(length(email) = 64 and email not like '%@%') from warehouse.customer", "true")
	if result.Rows == 0 {
		t.Error("the run says that it published nothing")
	}
	p.want("select state from etl.runs", "succeeded")
	p.want("select count(*) from etl.steps where state <> 'succeeded'", "0")
	p.want("select count(distinct step) from etl.steps", "7")
	p.want("select note like '%rows%' and note not like '%new columns%' from etl.steps where step = 'extract' and table_name = ''", "true")
	p.want("select count(*) from etl.steps where note = '' and step <> 'extract'", "0")
	p.want("select count(distinct (started_at, finished_at)) > 10 from etl.steps where step = 'extract' and table_name <> ''", "true")
	p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")
}

func TestSecondRunOfADayReplacesItWhole(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 12), fixture.place('2026-03-02', 12)")
	p.load("2026-03-01", "2026-03-03")
	p.exec("select fixture.place('2026-03-02', 9)")
	p.exec(`delete from ordering.order_items where order_id in (
		select id from ordering.orders where order_date >= '2026-03-02' and status = 'cancelled')`)
	p.load("2026-03-02", "2026-03-03")

	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
	p.want("select string_agg(attempt::text, ',' order by started_at) from etl.runs", "1,1")
	p.load("2026-03-02", "2026-03-03")
	p.want("select max(attempt) from etl.runs", "2")
	p.same(warehouseRevenue, shopRevenue)
}

func TestEmptyDayIsAFinishedRun(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.load("2026-03-01", "2026-03-02")
	p.want("select count(*) from warehouse.sales", "0")
	p.want("select count(*) from warehouse.customer", "20")
	p.want("select count(*) from warehouse.stock_daily", "12")
	p.want("select state from etl.runs", "succeeded")
	p.want("select sum(rows_out) from etl.steps where table_name in ('orders', 'order_items', 'sales')", "0")
	p.want("select count(*) from etl.steps where state <> 'succeeded'", "0")
}

func TestLateChangesRepublishTheDaysTheyTouch(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 12), fixture.place('2026-03-02', 12), fixture.place('2026-03-03', 12)")
	p.load("2026-03-01", "2026-03-04")
	first := p.text("select run_id from warehouse.versions where table_name = 'sales' and date_id = 20260301")

	// One order of the second day is cancelled later, and a release counts for the first.
	p.exec(`update ordering.orders set status = 'cancelled', cancel_reason = 'late' where id = (
		select id from ordering.orders where order_date between '2026-03-02' and '2026-03-03' and status = 'confirmed' limit 1)`)
	run, _ := p.load("2026-03-04", "2026-03-05")

	p.same(warehouseRevenue, shopRevenue)
	p.want("select run_id from warehouse.versions where table_name = 'sales' and date_id = 20260301", first)
	p.want("select run_id from warehouse.versions where table_name = 'sales' and date_id = 20260302", run.ID.String())
	p.want("select run_id from warehouse.versions where table_name = 'sales' and date_id = 20260303", first)

	p.exec(`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at)
		values (1, 'restock', 500, 0, 'inventory', '2026-03-02 12:00:00+00')`)
	p.exec("update catalog.stock set on_hand = on_hand + 500 where product_id = 1")
	p.load("2026-03-05", "2026-03-06")
	p.same("select sum(closing) from warehouse.stock_daily where date_id = 20260305", "select sum(on_hand) from catalog.stock")
	p.want("select count(*) from warehouse.stock_daily as a inner join warehouse.stock_daily as b "+
		"on b.item_id = a.item_id and b.date_id = a.date_id + 1 where a.closing <> b.opening", "0")
}

func TestManyDaysAreOneRunPartitionedByMonth(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec(`select fixture.place(d::date, 3) from generate_series(date '2026-01-10', date '2026-03-20', interval '1 day') as d`)
	run, _ := p.load("2026-01-10", "2026-03-21")
	p.same(warehouseRevenue, shopRevenue)
	p.want("select count(*) from warehouse.stock_daily", "840")
	p.same("select sum(closing) from warehouse.stock_daily where date_id = 20260320", "select sum(on_hand) from catalog.stock")
	if parts := p.manifest(run, "gold", "sales").Parts; len(parts) != 3 {
		t.Errorf("sales of three months are in %d parts: %v", len(parts), parts)
	}
}

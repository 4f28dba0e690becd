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
	_, result := p.load("2026-03-01", "2026-03-03")

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
	p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")
}

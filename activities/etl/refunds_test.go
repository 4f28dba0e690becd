package etl_test

import "testing"

// What is given up before it was paid for lowers the revenue of the day on which that happened, as a
// refund does, and once: not again with another run of the day, and not beside the whole order when
// that is cancelled in the end.
func TestWhatIsGivenUpLowersTheRevenueOfItsDayOnce(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 12), fixture.place('2026-03-02', 12)")
	p.exec(`
		with given_up as (
			select id, row_number() over (order by order_date) as n
			from ordering.orders
			where order_date < '2026-03-02' and status = 'confirmed'
			limit 2
		),

		refunds as (
			insert into ordering.refunds (id, order_id, reason, amount, currency, status, kind, created_at, completed_at, updated_at)
			select gen_random_uuid(), id, 'vendor_out_of_stock', 1000, 'EUR', 'completed', 'release', at, at, at
			from given_up, (select timestamptz '2026-03-02 10:00:00+00' as at) as day
			returning id, order_id
		)

		insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
		select refunds.id, item.id, item.qty, item.total_price
		from refunds
		inner join ordering.order_items as item on item.order_id = refunds.order_id and item.line_no = 1`)
	const (
		released   = "select sum(amount) from warehouse.refunds where refund_status = 'completed' and date_id = 20260302"
		inTheShop  = "select sum(back.amount) from ordering.refund_items as back inner join ordering.order_items as item on item.id = back.order_item_id inner join ordering.orders on orders.id = item.order_id where orders.status <> 'cancelled'"
		netRevenue = `select (select sum(total_price) from warehouse.sales where order_status <> 'cancelled')
			- (select sum(amount) from warehouse.refunds where refund_status = 'completed')`
		netOfTheShop = `select (select sum(item.total_price) from ordering.order_items as item
				inner join ordering.orders on orders.id = item.order_id where status <> 'cancelled')
			- (select sum(back.amount) from ordering.refund_items as back
				inner join ordering.order_items as item on item.id = back.order_item_id
				inner join ordering.orders on orders.id = item.order_id where orders.status <> 'cancelled')`
	)
	p.load("2026-03-01", "2026-03-03")
	p.want("select count(*) from warehouse.refunds", "2")
	p.same(released, inTheShop)
	p.same(netRevenue, netOfTheShop)
	p.same("select sum(total_price) from warehouse.sales where date_id = 20260301 and order_status <> 'cancelled'",
		"select sum(item.total_price) from ordering.order_items as item inner join ordering.orders on orders.id = item.order_id "+
			"where orders.status <> 'cancelled' and orders.order_date < '2026-03-02'")

	p.load("2026-03-02", "2026-03-03")
	p.want("select count(*) from warehouse.refunds", "2")
	p.same(netRevenue, netOfTheShop)

	// One of the two orders comes to nothing in the end, as ordering.follow_shipments writes it.
	p.exec(`
		with ended as (
			update ordering.orders set status = 'cancelled', cancel_reason = 'late'
			where id = (select order_id from ordering.refunds order by id limit 1)
			returning id
		)

		update ordering.refunds set updated_at = now() where order_id in (select id from ended)`)
	p.load("2026-03-04", "2026-03-05")
	p.want("select count(*) from warehouse.refunds", "1")
	p.same(released, inTheShop)
	p.same(netRevenue, netOfTheShop)
}

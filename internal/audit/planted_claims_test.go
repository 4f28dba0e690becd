package audit_test

// claims breaks, for checks that compare several things, each of the others: without its condition
// the check would not tell. See planted.
var claims = map[string]plant{
	"carts_checked_out/by two orders": {
		plant: []string{
			`update ordering.orders set cart_id = (select cart_id from ordering.orders where id = @sold), confirmed_at = now()
			where id = @declined`,
		},
		names: "select cart_id from ordering.orders where id = @sold",
		also:  []string{"idempotency_answers", "order_events", "order_line_states"},
	},
	"given_up/nothing of a parcel that was lost": {
		plant: []string{"update ordering.shipments set status = 'lost' where order_id = @sold"},
		names: "select id from ordering.shipments where order_id = @sold order by id limit 1",
		also:  []string{"shipment_states"},
	},
	"idempotency_answers/none": {
		plant: []string{"update ordering.idempotency_keys set response_status = null, response = null, completed_at = null where order_id = @sold"},
		names: "select @sold::uuid",
	},
	"idempotency_answers/sold and is not": {
		plant: []string{`update ordering.idempotency_keys set response_status = 201, response = jsonb_build_object('id', @declined::text)
			where order_id = @declined`},
		names: "select @declined::uuid",
	},
	"idempotency_answers/accepted and not awaited": {
		plant: []string{`update ordering.idempotency_keys set response_status = 202, response = jsonb_build_object('id', @declined::text)
			where order_id = @declined`},
		names: "select @declined::uuid",
	},
	"idempotency_answers/of another order": {
		plant: []string{"update ordering.idempotency_keys set response = response || '{\"id\": \"another\"}' where order_id = @sold"},
		names: "select @sold::uuid",
	},
	"order_events/placed twice": {
		plant: []string{"insert into ordering.order_events (order_id, type) values (@sold, 'order.placed')"},
		names: "select @sold::uuid",
	},
	"order_events/cancelled": {
		plant: []string{"delete from ordering.order_events where order_id = @declined and type = 'order.cancelled'"},
		names: "select @declined::uuid",
	},
	"order_events/shipped": {
		plant: []string{"delete from ordering.order_events where order_id = @sold and type = 'order.shipped'"},
		names: "select @sold::uuid",
	},
	"order_events/returned": {
		plant: []string{"insert into ordering.order_events (order_id, type) values (@sold, 'order.returned')"},
		names: "select @sold::uuid",
	},
	"order_stock_moves/sold": {
		plant: []string{
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
			values (@product, 'reserve', 0, 1, 'order', @sold::text), (@product, 'commit', -1, -1, 'order', @sold::text)`,
			"update catalog.stock set on_hand = on_hand - 1 where product_id = @product",
		},
		names: "select @sold::uuid",
		also:  []string{"stock_days"},
	},
	"order_stock_moves/returned": {
		plant: []string{
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
			values (@product, 'return', 1, 0, 'order', @sold::text)`,
			"update catalog.stock set on_hand = on_hand + 1 where product_id = @product",
		},
		names: "select @sold::uuid",
		also:  []string{"stock_days"},
	},
	"order_totals/discount": {
		plant: []string{"update ordering.orders set discount_amount = discount_amount + 1, tax_amount = tax_amount + 1 where id = @sold"},
		names: "select @sold::uuid",
	},
	"payment_amounts/currency": {
		plant: []string{"update ordering.payments set currency = 'USD' where order_id = @declined"},
		names: "select @declined::uuid",
	},
	"payment_attempts/refunded": {
		plant: []string{"update ordering.payments set refunded_amount = 1 where order_id = @sold"},
		names: "select id from ordering.payments where order_id = @sold",
		also:  []string{"payment_statuses", "refund_amounts"},
	},
	"payment_outcomes/asked": {
		plant: []string{`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at)
			select id, 'capture', 'planted', 1, 'EUR', 'asked', now() - interval '1 day' from ordering.payments where order_id = @sold`},
		names: "select id from ordering.payments where order_id = @sold",
	},
	"payment_statuses/authorised and captured": {
		plant: []string{
			"update ordering.payments set status = 'authorized' where order_id = @sold",
			"update ordering.orders set payment_status = 'authorized' where id = @sold",
		},
		names: "select @sold::uuid",
	},
	"payment_statuses/failed and captured": {
		plant: []string{
			"update ordering.payments set status = 'failed' where order_id = @sold",
			"update ordering.orders set payment_status = 'authorized' where id = @sold",
		},
		names: "select @sold::uuid",
	},
	"payment_statuses/refunded in part, and not at all": {
		plant: []string{
			"update ordering.payments set status = 'partially_refunded' where order_id = @sold",
			"update ordering.orders set payment_status = 'partially_refunded' where id = @sold",
		},
		names: "select @sold::uuid",
	},
	"payment_statuses/refunded in part, and whole": {
		plant: []string{
			"update ordering.payments set status = 'partially_refunded', refunded_amount = captured_amount where order_id = @sold",
			"update ordering.orders set payment_status = 'partially_refunded' where id = @sold",
		},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts", "refund_amounts"},
	},
	"payment_statuses/refunded whole, and in part": {
		plant: []string{
			"update ordering.payments set status = 'refunded', refunded_amount = 1 where order_id = @sold",
			"update ordering.orders set payment_status = 'refunded' where id = @sold",
		},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts", "refund_amounts"},
	},
	"refund_lines/amount": {
		plant: []string{
			`insert into ordering.refunds (id, order_id, amount, currency)
			select '00000000-0000-7000-8000-000000000001', order_id, total_price + 1, 'EUR'
			from ordering.order_items where order_id = @sold and item_id = @product`,
			`insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
			select '00000000-0000-7000-8000-000000000001', id, 0, total_price + 1
			from ordering.order_items where order_id = @sold and item_id = @product`,
		},
		names: "select @sold::uuid",
	},
	"refund_lines/of another order": {
		plant: []string{
			`insert into ordering.refunds (id, order_id, amount, currency)
			values ('00000000-0000-7000-8000-000000000001', @declined, 1, 'EUR')`,
			`insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
			select '00000000-0000-7000-8000-000000000001', id, 0, 1
			from ordering.order_items where order_id = @sold and item_id = @product`,
		},
		names: "select @sold::uuid",
	},
	"refund_totals/shipping": {
		plant: []string{`insert into ordering.refunds (id, order_id, amount, currency, shipping_amount)
			select gen_random_uuid(), id, shipping_cost + 1, 'EUR', shipping_cost + 1 from ordering.orders where id = @sold`},
		names: "select @sold::uuid",
	},
	"returned_units/all of a delivered order": {
		plant: []string{
			`insert into ordering.returns (id, order_id, status, requested_by)
			values ('00000000-0000-7000-8000-000000000002', @sold, 'received', 'customer')`,
			`insert into ordering.return_items (return_id, order_item_id, vendor_id, qty, received_at, restocked)
			select '00000000-0000-7000-8000-000000000002', id, vendor_id, qty, now(), true from ordering.order_items where order_id = @sold`,
			"update ordering.order_items set returned_qty = qty where order_id = @sold",
			`insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id)
			select item_id, 'return', qty, 0, 'order', order_id::text from ordering.order_items where order_id = @sold`,
			`update catalog.stock set on_hand = on_hand + qty
			from ordering.order_items where order_id = @sold and item_id = product_id`,
		},
		names: "select @sold::uuid",
		also:  []string{"stock_days"},
	},
	"shipment_lines/of another vendor": {
		plant: []string{"update ordering.shipments set vendor_id = vendor_id + 1000 where order_id = @sold"},
		names: "select @sold::uuid",
	},
	"shipment_lines/of another order": {
		plant: []string{`update ordering.shipment_items set shipment_id = '00000000-0000-7000-8000-000000000003'
			where shipment_id = (select id from ordering.shipments where order_id = @sold order by id limit 1)`,
			`insert into ordering.shipments (id, order_id, vendor_id, status, amount, currency)
			select '00000000-0000-7000-8000-000000000003', @declined, vendor_id, 'cancelled', 0, 'EUR'
			from ordering.shipments where order_id = @sold order by id limit 1`},
		names: "select @sold::uuid",
		also:  []string{"returned_units", "shipment_states"},
	},
	"shipment_money/released alone": {
		plant: []string{"update ordering.payments set amount = amount + 1, released_amount = 1 where order_id = @sold"},
		names: "select @sold::uuid",
		also:  []string{"payment_amounts", "refund_amounts"},
	},
	"shipment_money/cash on delivery that nobody collected": {
		plant: []string{
			"update ordering.orders set payment_method = 'cash_on_delivery', payment_status = 'pending' where id = @sold",
			"update ordering.payments set method = 'cash_on_delivery', status = 'pending', captured_amount = 0 where order_id = @sold",
		},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts"},
	},
	"shipment_money/a transfer without shipments": {
		plant: []string{
			"update ordering.orders set payment_method = 'bank_transfer', status = 'confirmed', shipped_at = null where id = @sold",
			"delete from ordering.shipment_items where shipment_id in (select id from ordering.shipments where order_id = @sold)",
			"delete from ordering.shipments where order_id = @sold",
			"delete from ordering.order_events where order_id = @sold and type in ('order.shipped', 'order.delivered')",
			"update ordering.payments set captured_amount = captured_amount - 1 where order_id = @sold",
		},
		names: "select @sold::uuid",
		also:  []string{"payment_attempts", "payment_statuses"},
	},
	"shipment_states/amount": {
		plant: []string{`update ordering.shipments set amount = amount + 1
			where id = (select id from ordering.shipments where order_id = @sold order by id limit 1)`},
		names: "select @sold::uuid",
		also:  []string{"shipment_money"},
	},
	"shipment_states/nothing waits": {
		plant: []string{
			"update ordering.orders set status = 'confirmed' where id = @sold",
			"delete from ordering.order_events where order_id = @sold and type = 'order.delivered'",
		},
		names: "select @sold::uuid",
	},
	"shipment_states/something waits": {
		plant: []string{`update ordering.shipments set status = 'packed'
			where id = (select id from ordering.shipments where order_id = @sold order by id limit 1)`},
		names: "select @sold::uuid",
		also:  []string{"shipment_money"},
	},
	"stock_balances/reserved": {
		plant: []string{"update catalog.stock set reserved = reserved + 1 where product_id = @product"},
		names: "select @product::bigint",
		also:  []string{"stock_reservations"},
	},
	"transfers/sent back": {
		plant: []string{
			`insert into ordering.bank_transfers (payment_id, received_amount, sent_back_amount)
			select id, captured_amount + 5, 5 from ordering.payments where order_id = @sold`,
			`insert into ordering.payment_attempts (payment_id, operation, idempotency_key, amount, currency, outcome)
			select id, 'receive', 'planted', captured_amount + 5, 'EUR', 'approved' from ordering.payments where order_id = @sold`,
		},
		names: "select @sold::uuid",
	},
}

-- description: The lines of the refunds asked for on one of the run's days.
-- grain: one row per refund and order line
-- key: refund_id, order_item_id
-- partition: refunded_at
-- reads: raw.refund_items, raw.products, raw.customers, raw.vendors, clean.refunds
-- totals: qty, amount
-- column refund_id: The refund.
-- column order_item_id: The order line it gives back.
-- column refunded_at: When the refund was asked for.
-- column order_id: The order.
-- column item_id: The product.
-- column vendor_id: The vendor who sold it.
-- column customer_id: Who bought it.
-- column ordered_at: When the order was placed.
-- column qty: Units; 0 for the line's part of an amount that was given back without units.
-- column amount: How much, without tax.
-- column restocked: Whether the units went back on the shelf.
-- error refund_is_clean: refunded_at is not null
-- error line_exists: order_item_id is not null
-- error product_exists: item_id in (select p.id from raw.products as p)
-- error customer_exists: customer_id in (select c.id from raw.customers as c)
-- error vendor_exists: vendor_id in (select v.id from raw.vendors as v)
-- error qty_not_negative: qty >= 0
-- error amount_not_negative: amount >= 0
select
    i.refund_id,
    i.order_item_id,
    r.created_at as refunded_at,
    i.order_id,
    i.item_id,
    i.vendor_id,
    i.customer_id,
    i.ordered_at,
    i.qty,
    i.amount,
    i.restocked
from raw.refund_items as i
left join clean.refunds as r on r.id = i.refund_id

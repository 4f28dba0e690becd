-- description: Refunded order lines with their refund and their product's category.
-- grain: one row per refund and order line
-- key: refund_id, order_item_id
-- partition: refunded_at
-- reads: clean.refund_items, clean.refunds, clean.products
-- totals: qty, amount
-- column refund_id: The refund.
-- column order_item_id: The order line it gives back.
-- column order_id: The order.
-- column item_id: The product.
-- column customer_id: Who bought it.
-- column vendor_id: The vendor who sold it.
-- column category_id: The category that the product had when the day was last loaded; null when the product
--     was in quarantine.
-- column refunded_at: When the refund was asked for.
-- column ordered_at: When the order was placed.
-- column qty: Units; 0 for the line's part of an amount that was given back without units.
-- column amount: How much, without tax.
-- column refund_status: pending, completed or failed.
-- column restocked: Whether the units went back on the shelf.
select
    i.refund_id,
    i.order_item_id,
    i.order_id,
    i.item_id,
    i.customer_id,
    i.vendor_id,
    p.category_id,
    i.refunded_at,
    i.ordered_at,
    i.qty,
    i.amount,
    r.status as refund_status,
    i.restocked
from clean.refund_items as i
inner join clean.refunds as r on r.id = i.refund_id
left join clean.products as p on p.id = i.item_id

-- description: Refunded order lines, on the day of the refund. Revenue falls by the sum of amount
--     where refund_status is completed.
-- grain: one row per refund and order line
-- key: refund_id, order_item_id
-- partition: refunded_at
-- subject: refunds
-- reads: work.refund_lines
-- totals: qty, amount
-- column refund_id: The refund.
-- column order_item_id: The order line it gives back, see sales.
-- column order_id: The order.
-- column item_id: The product, see inventory.
-- column customer_id: Who bought it, see customer.
-- column vendor_id: The vendor who sold it, see vendor.
-- column category_id: The category that the product had when the day was last loaded, see category; null when the
--     product was in quarantine. To group by its category now take that of inventory, by the one it had then
--     that of inventory_history.
-- column date_id: The day of the refund, UTC, as yyyymmdd, see date.
-- column refunded_at: When the refund was asked for.
-- column ordered_at: When the order was placed.
-- column qty: Units; 0 for the line's part of an amount that was given back without units.
-- column amount: How much, without tax.
-- column refund_status: pending, completed or failed.
-- column restocked: Whether the units went back on the shelf.
select
    l.refund_id,
    l.order_item_id,
    l.order_id,
    l.item_id,
    l.customer_id,
    l.vendor_id,
    l.category_id,
    strftime(l.refunded_at, '%Y%m%d')::integer as date_id,
    l.refunded_at,
    l.ordered_at,
    l.qty,
    l.amount,
    l.refund_status,
    l.restocked
from work.refund_lines as l

-- description: Sales: the lines of all orders, whatever became of them. Revenue is the sum of
--     total_price where order_status is not cancelled.
-- grain: one row per order line
-- key: order_item_id
-- partition: ordered_at
-- subject: orders
-- reads: work.order_lines
-- totals: unit_price, unit_cost, qty, discount, total_price
-- column order_item_id: Key of the line.
-- column order_id: The order.
-- column item_id: The product, see inventory.
-- column customer_id: Who bought, see customer.
-- column vendor_id: The vendor who sold it, see vendor.
-- column category_id: The category that the product had when the day was last loaded, see category; null when the
--     product was in quarantine. To group by its category now take that of inventory, by the one it had then
--     that of inventory_history.
-- column date_id: The day the order was placed, UTC, as yyyymmdd, see date.
-- column ordered_at: When the order was placed.
-- column channel: web, api, counter or phone.
-- column unit_price: Price of a unit before discount.
-- column unit_cost: What a unit cost the vendor then.
-- column qty: Units.
-- column discount: The line's share of the order's discount.
-- column total_price: Quantity times price less discount.
-- column order_status: pending, confirmed, shipped, delivered, cancelled or returned.
-- column payment_status: pending, authorized, completed, failed, partially_refunded or refunded.
-- warn category_known: category_id is not null
select
    l.order_item_id,
    l.order_id,
    l.item_id,
    l.customer_id,
    l.vendor_id,
    l.category_id,
    strftime(l.ordered_at, '%Y%m%d')::integer as date_id,
    l.ordered_at,
    l.channel,
    l.unit_price,
    l.unit_cost,
    l.qty,
    l.discount,
    l.total_price,
    l.order_status,
    l.payment_status
from work.order_lines as l

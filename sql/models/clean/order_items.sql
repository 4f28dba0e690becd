-- description: The lines of the orders of the run's days.
-- grain: one row per order line
-- key: id
-- version: updated_at
-- partition: ordered_at
-- reads: raw.order_items, raw.products, raw.vendors, clean.orders
-- totals: qty, unit_price, unit_cost, discount_amount, total_price
-- column id: Key of the line.
-- column order_id: The order.
-- column ordered_at: When the order was placed.
-- column line_no: Place of the line within the order, from 1.
-- column item_id: The product.
-- column vendor_id: The vendor who sold it.
-- column qty: Units.
-- column unit_price: Price of a unit before discount.
-- column unit_cost: What a unit cost the vendor then.
-- column discount_amount: The line's share of the order's discount.
-- column total_price: Quantity times price less discount: what revenue sums.
-- column returned_qty: Units that came back.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error order_is_clean: ordered_at is not null
-- error product_exists: item_id in (select p.id from raw.products as p)
-- error vendor_exists: vendor_id in (select v.id from raw.vendors as v)
-- error qty_positive: qty > 0
-- error price_not_negative: unit_price >= 0
-- error cost_not_negative: unit_cost >= 0
-- error amounts_add_up: total_price = qty * unit_price - discount_amount
-- warn sold_above_cost: unit_price >= unit_cost
select
    i.id,
    i.order_id,
    o.order_date as ordered_at,
    i.line_no,
    i.item_id,
    i.vendor_id,
    i.qty,
    i.unit_price,
    i.unit_cost,
    i.discount_amount,
    i.total_price,
    i.returned_qty,
    i.updated_at
from raw.order_items as i
left join clean.orders as o on o.id = i.order_id

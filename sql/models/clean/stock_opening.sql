-- description: The balance of every product at the beginning of each unbroken row of days.
-- grain: one row per product and first day
-- key: opening_day, product_id
-- reads: raw.stock_opening, raw.products
-- totals: on_hand, reserved
-- column opening_day: The first of the days.
-- column product_id: The product.
-- column on_hand: Units on the shelf before that day.
-- column reserved: Units put aside before that day.
-- error product_exists: product_id in (select p.id from raw.products as p)
select
    o.opening_day,
    o.product_id,
    o.on_hand,
    o.reserved
from raw.stock_opening as o

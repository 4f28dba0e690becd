-- description: What lies in the carts that were begun on one of the run's days.
-- grain: one row per cart and product
-- key: cart_id, item_id
-- version: updated_at
-- partition: begun_at
-- reads: raw.cart_items, raw.products, clean.carts
-- totals: qty, unit_price, value
-- column cart_id: The cart.
-- column begun_at: When the cart was begun.
-- column item_id: The product.
-- column vendor_id: The vendor who sells it.
-- column qty: Units.
-- column unit_price: Price of a unit when it was put in.
-- column value: qty times unit_price.
-- column added_at: When it was put in.
-- column updated_at: When it last changed.
-- error cart_is_clean: begun_at is not null
-- error product_exists: item_id in (select p.id from raw.products as p)
-- error qty_positive: qty > 0
-- error price_not_negative: unit_price >= 0
select
    i.cart_id,
    c.created_at as begun_at,
    i.item_id,
    i.vendor_id,
    i.qty,
    i.unit_price,
    i.value,
    i.added_at,
    i.updated_at
from raw.cart_items as i
left join clean.carts as c on c.id = i.cart_id

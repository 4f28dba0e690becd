-- description: The balance of every product when the run's extract was taken.
-- grain: one row per product
-- key: product_id
-- version: updated_at
-- reads: raw.stock, clean.products
-- totals: on_hand, reserved
-- column product_id: The product.
-- column on_hand: Units on the shelf.
-- column reserved: Units of those that carts and orders hold.
-- column updated_at: When the balance last changed.
-- error product_is_clean: product_id in (select p.id from clean.products as p)
-- error not_oversold: reserved between 0 and on_hand
select
    s.product_id,
    s.on_hand,
    s.reserved,
    s.updated_at
from raw.stock as s

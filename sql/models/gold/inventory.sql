-- description: Products and their balances when the run's extract was taken.
-- grain: one row per product
-- key: item_id
-- reads: clean.products, clean.stock
-- totals: price, cost, on_hand, reserved
-- column item_id: Key of the product.
-- column item_name: Name.
-- column category_id: The category it is in, see category.
-- column brand: Brand; null when there is none.
-- column price: Price of a unit before discount.
-- column cost: What a unit costs the vendor.
-- column vendor_id: The vendor who sells it, see vendor.
-- column on_hand: Units on the shelf.
-- column reserved: Units of those that carts and orders hold.
-- column is_active: False once it is no longer for sale.
-- column updated_at: When the product or its balance last changed.
select
    p.id as item_id,
    p.item_name,
    p.category_id,
    p.brand,
    p.price,
    p.cost,
    p.vendor_id,
    coalesce(s.on_hand, 0) as on_hand,
    coalesce(s.reserved, 0) as reserved,
    p.is_active,
    greatest(p.updated_at, s.updated_at) as updated_at
from clean.products as p
left join clean.stock as s on s.product_id = p.id

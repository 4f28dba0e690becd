-- given raw.products
select 1 as id
-- given clean.carts
select 'cccccccc-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-01 10:00:00+00' as created_at
-- given raw.cart_items
select ('cccccccc-0000-7000-8000-00000000000' || cart)::uuid as cart_id, item_id, 7 as vendor_id, qty,
    unit_price::decimal(18, 2) as unit_price, (qty * unit_price)::decimal(18, 2) as value, timestamptz '2026-03-01 10:00:00+00' as added_at,
    timestamptz '2026-03-01 00:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 1, 2, 9.99, 2), (1, 1, 3, 9.99, 1), -- the second is an older state of the first
    (2, 1, 1, 1, 0), (1, 9, 1, 1, 0), (3, 1, 0, 1, 0), (4, 1, 1, -0.01, 0)
) as t (cart, item_id, qty, unit_price, seconds)
-- given clean.carts
select ('cccccccc-0000-7000-8000-00000000000' || unnest([3, 4]))::uuid as id, timestamptz '2026-03-02 10:00:00+00' as created_at
-- expect
select 'cccccccc-0000-7000-8000-000000000001'::uuid as cart_id, timestamptz '2026-03-01 10:00:00+00' as begun_at,
    1 as item_id, 7 as vendor_id, 2 as qty, 9.99 as unit_price, 19.98 as value, timestamptz '2026-03-01 10:00:00+00' as added_at,
    timestamptz '2026-03-01 00:00:02+00' as updated_at
-- quarantine right(cart_id::varchar, 1)::integer, item_id
select *
from (values
    (1, 1, 'superseded'), (2, 1, 'cart_is_clean'), (1, 9, 'product_exists'), (3, 1, 'qty_positive'), (4, 1, 'price_not_negative')
) as t (cart, item_id, rule)

-- given raw.products
select 1 as id
-- given raw.vendors
select 7 as id
-- given clean.orders
select 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-01 10:00:00+00' as order_date
-- given raw.order_items
select id, ('aaaaaaaa-0000-7000-8000-00000000000' || n)::uuid as order_id, item_id, qty,
    unit_price::decimal(18, 2) as unit_price, discount_amount::decimal(18, 2) as discount_amount,
    total_price::decimal(18, 2) as total_price, unit_cost::decimal(18, 2) as unit_cost,
    1 as line_no, if(id = 9, 8, 7) as vendor_id, 0 as returned_qty,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 1, 1, 3, 9.99, 0.07, 29.90, 1, 1),
    (1, 1, 1, 2, 9.99, 0.00, 19.98, 1, 0),
    (2, 2, 1, 1, 1, 0, 1, 1, 0),
    (3, 1, 9, 1, 1, 0, 1, 1, 0),
    (4, 1, 1, 0, 1, 0, 0, 1, 0),
    (5, 1, 1, 1, 1, 0, 1.01, 1, 0),
    (6, 1, 1, null, 1, 0, 1, 1, 0),
    (null, 1, 1, 1, 1, 0, 1, 1, 0),
    (7, 1, 1, 1, -1, 0, -1, 1, 0),
    (8, 1, 1, 1, 1, 0, 1, -0.01, 0),
    (9, 1, 1, 1, 1, 0, 1, 1, 0)
) as t (id, n, item_id, qty, unit_price, discount_amount, total_price, unit_cost, seconds)
-- expect
select
    1 as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 1 as line_no, 1 as item_id, 7 as vendor_id,
    3 as qty, 9.99 as unit_price, 1.00 as unit_cost, 0.07 as discount_amount, 29.90 as total_price,
    0 as returned_qty, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine id
select *
from (values
    (1, 'superseded'), (2, 'order_is_clean'), (3, 'product_exists'), (4, 'qty_positive'), (5, 'amounts_add_up'),
    (6, 'qty_positive'), (6, 'amounts_add_up'), (null, 'id_present'), (7, 'price_not_negative'), (8, 'cost_not_negative'),
    (9, 'vendor_exists')
) as t (id, rule)

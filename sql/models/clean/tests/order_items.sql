-- given raw.products
select 1 as id
-- given clean.orders
select 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-01 10:00:00+00' as order_date
-- given raw.order_items
select *, 1 as line_no, 7 as vendor_id, 1.00::decimal(18, 2) as unit_cost, 0 as returned_qty,
    timestamptz '2026-03-01 10:00:00+00' as updated_at
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 3, 9.99::decimal(18, 2), 0.07::decimal(18, 2), 29.90::decimal(18, 2)),
    (2, 'aaaaaaaa-0000-7000-8000-000000000002'::uuid, 1, 1, 1.00, 0.00, 1.00),
    (3, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 9, 1, 1.00, 0.00, 1.00),
    (4, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 0, 1.00, 0.00, 0.00),
    (5, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 1, 1.00, 0.00, 1.01),
    (6, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, null, 1.00, 0.00, 1.00)
) as t (id, order_id, item_id, qty, unit_price, discount_amount, total_price)
-- expect
select
    1 as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 1 as line_no, 1 as item_id, 7 as vendor_id,
    3 as qty, 9.99 as unit_price, 1.00 as unit_cost, 0.07 as discount_amount, 29.90 as total_price,
    0 as returned_qty, timestamptz '2026-03-01 10:00:00+00' as updated_at
-- quarantine id
select *
from (values
    (2, 'order_is_clean'), (3, 'product_exists'), (4, 'qty_positive'), (5, 'amounts_add_up'),
    (6, 'qty_positive'), (6, 'amounts_add_up')
) as t (id, rule)

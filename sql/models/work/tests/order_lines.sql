-- given work.orders
select *, 'web' as channel, 'card' as payment_method, 'completed' as payment_status
from (values
    ('aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, timestamptz '2026-03-01 09:00:00+00', 'shipped', 5, 1),
    ('aaaaaaaa-0000-7000-8000-000000000003'::uuid, 2, timestamptz '2026-03-02 10:00:00+00', 'confirmed', 1, null)
) as t (order_id, customer_id, ordered_at, order_status, order_sequence, days_to_ship)
-- given clean.products
select 1 as id, 5 as category_id
-- given clean.vendors
select 7 as id, 'PT' as region
-- given clean.order_items
select *, 10.00::decimal(18, 2) as unit_price, 6.00::decimal(18, 2) as unit_cost
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 7, 2, 0.50::decimal(18, 2), 19.50::decimal(18, 2)),
    (2, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 7, 1, 0.00, 10.00),
    (3, 'aaaaaaaa-0000-7000-8000-000000000003'::uuid, 9, 8, 1, 5.00, 5.00)
) as t (id, order_id, item_id, vendor_id, qty, discount_amount, total_price)
-- expect
-- Two lines of one order; a product in quarantine has no category and a vendor there no region; a sale below cost.
select order_item_id, order_id, item_id, customer_id, vendor_id, vendor_region, category_id, ordered_at, 'web' as channel,
    qty, 10.00 as unit_price, 6.00 as unit_cost, discount, total_price, margin, order_status,
    'card' as payment_method, 'completed' as payment_status, order_sequence, days_to_ship
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 1, 7, 'PT', 5, timestamptz '2026-03-01 09:00:00+00',
        2, 0.50, 19.50, 7.50, 'shipped', 5, 1),
    (2, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 1, 7, 'PT', 5, timestamptz '2026-03-01 09:00:00+00',
        1, 0.00, 10.00, 4.00, 'shipped', 5, 1),
    (3, 'aaaaaaaa-0000-7000-8000-000000000003'::uuid, 9, 2, 8, null, null, timestamptz '2026-03-02 10:00:00+00',
        1, 5.00, 5.00, -1.00, 'confirmed', 1, null)
) as t (order_item_id, order_id, item_id, customer_id, vendor_id, vendor_region, category_id, ordered_at, qty, discount, total_price,
    margin, order_status, order_sequence, days_to_ship)

-- given clean.refunds
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-02 10:00:00+00' as created_at
-- given raw.products
select 1 as id
-- given raw.customers
select 3 as id
-- given raw.vendors
select 7 as id
-- given raw.refund_items
select ('bbbbbbbb-0000-7000-8000-00000000000' || n)::uuid as refund_id, order_item_id, qty, amount::decimal(18, 2) as amount,
    true as restocked, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id, item_id, vendor_id, customer_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at
from (values
    (1, 1, 2, 19.50, 1, 7, 3), (1, 2, 0, 0.01, 1, 7, 3), (2, 1, 1, 1, 1, 7, 3), (1, null, 1, 1, 1, 7, 3),
    (1, 3, 1, 1, 2, 7, 3), (1, 4, -1, 1, 1, 7, 3), (1, 5, 1, -0.01, 1, 7, 3), (1, 6, 1, 1, 1, 8, 3), (1, 7, 1, 1, 1, 7, 4)
) as t (n, order_item_id, qty, amount, item_id, vendor_id, customer_id)
-- expect
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as refund_id, order_item_id, timestamptz '2026-03-02 10:00:00+00' as refunded_at,
    'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id, 1 as item_id, 7 as vendor_id, 3 as customer_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, qty, amount, true as restocked
from (values (1, 2, 19.50), (2, 0, 0.01)) as t (order_item_id, qty, amount)
-- quarantine right(refund_id::varchar, 1)::integer, order_item_id
select *
from (values
    (2, 1, 'refund_is_clean'), (1, null, 'line_exists'), (1, 3, 'product_exists'), (1, 4, 'qty_not_negative'),
    (1, 5, 'amount_not_negative'), (1, 6, 'vendor_exists'), (1, 7, 'customer_exists')
) as t (n, order_item_id, rule)

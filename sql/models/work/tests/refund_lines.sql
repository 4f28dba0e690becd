-- given clean.refunds
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as id, 'completed' as status
-- given clean.products
select 1 as id, 5 as category_id
-- given clean.refund_items
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as refund_id, order_item_id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    item_id, 3 as customer_id, 4 as vendor_id, timestamptz '2026-03-02 00:00:00+00' as refunded_at,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 2 as qty, 19.50::decimal(18, 2) as amount, true as restocked
from (values (1, 1), (2, 9)) as t (order_item_id, item_id)
-- expect
-- A product in quarantine has no category.
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as refund_id, order_item_id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    item_id, 3 as customer_id, 4 as vendor_id, category_id, timestamptz '2026-03-02 00:00:00+00' as refunded_at,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 2 as qty, 19.50 as amount, 'completed' as refund_status, true as restocked
from (values (1, 1, 5), (2, 9, null)) as t (order_item_id, item_id, category_id)

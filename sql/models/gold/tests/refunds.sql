-- given work.refund_lines
select refund_id, order_item_id, order_id, 2 as item_id, 3 as customer_id, 4 as vendor_id,
    null::bigint as category_id, refunded_at, timestamptz '2025-12-30 10:00:00+00' as ordered_at, qty, amount,
    refund_status, restocked
from (values
    -- A shipment that was given up before it was paid for; money without units, which the provider refused.
    ('bbbbbbbb-0000-7000-8000-000000000001'::uuid, 1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid,
        timestamptz '2025-12-31 23:59:59.999999+00', 2, 19.50::decimal(18, 2), 'completed', true),
    ('bbbbbbbb-0000-7000-8000-000000000002'::uuid, 1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid,
        timestamptz '2026-01-01 00:00:00+00', 0, 0.01, 'failed', false)
) as t (refund_id, order_item_id, order_id, refunded_at, qty, amount, refund_status, restocked)
-- expect
select refund_id, order_item_id, order_id, 2 as item_id, 3 as customer_id, 4 as vendor_id,
    null as category_id, date_id, refunded_at, timestamptz '2025-12-30 10:00:00+00' as ordered_at, qty, amount,
    refund_status, restocked
from (values
    ('bbbbbbbb-0000-7000-8000-000000000001'::uuid, 1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 20251231,
        timestamptz '2025-12-31 23:59:59.999999+00', 2, 19.50, 'completed', true),
    ('bbbbbbbb-0000-7000-8000-000000000002'::uuid, 1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 20260101,
        timestamptz '2026-01-01 00:00:00+00', 0, 0.01, 'failed', false)
) as t (refund_id, order_item_id, order_id, date_id, refunded_at, qty, amount, refund_status, restocked)

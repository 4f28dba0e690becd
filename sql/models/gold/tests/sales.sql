-- given work.order_lines
select 1 as order_item_id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id, 2 as item_id, 3 as customer_id,
    4 as vendor_id, null::bigint as category_id, timestamptz '2025-12-31 23:59:59.999999+00' as ordered_at,
    'web' as channel, 10.00::decimal(18, 2) as unit_price, 6.00::decimal(18, 2) as unit_cost, 2 as qty,
    0.50::decimal(18, 2) as discount, 19.50::decimal(18, 2) as total_price, 'cancelled' as order_status,
    'failed' as payment_status
-- expect
select 1 as order_item_id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id, 2 as item_id, 3 as customer_id,
    4 as vendor_id, null as category_id, 20251231 as date_id, timestamptz '2025-12-31 23:59:59.999999+00' as ordered_at,
    'web' as channel, 10.00 as unit_price, 6.00 as unit_cost, 2 as qty, 0.50 as discount, 19.50 as total_price,
    'cancelled' as order_status, 'failed' as payment_status

-- given raw.vendors
select 7 as id
-- given clean.orders
select 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-01 10:00:00+00' as order_date
-- given raw.shipments
select id, order_id, vendor_id, status, 'sandbox' as carrier, amount, shipping_amount, currency,
    timestamptz '2026-03-01 11:00:00+00' as packed_at, null::timestamptz as shipped_at,
    null::timestamptz as delivered_at, updated_at
from (values
    ('cccccccc-0000-7000-8000-000000000001'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'packed',
        12.50::decimal(18, 2), 2.50::decimal(18, 2), 'eur', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000001'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'pending',
        12.50, 2.50, 'EUR', timestamptz '2026-03-01 10:30:00+00'),
    (null, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'packed', 1.00, 0.00, 'EUR', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000003'::uuid, 'aaaaaaaa-0000-7000-8000-000000000009'::uuid, 7, 'packed',
        1.00, 0.00, 'EUR', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000004'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 8, 'packed',
        1.00, 0.00, 'EUR', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000005'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'on its way',
        1.00, 0.00, 'EUR', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000006'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'packed',
        1.00, -0.01, 'EUR', timestamptz '2026-03-01 11:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000007'::uuid, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 7, 'packed',
        1.00, 0.00, '', timestamptz '2026-03-01 11:00:00+00')
) as t (id, order_id, vendor_id, status, amount, shipping_amount, currency, updated_at)
-- expect
select 'cccccccc-0000-7000-8000-000000000001'::uuid as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 7 as vendor_id, 'packed' as status, 'sandbox' as carrier,
    12.50 as amount, 2.50 as shipping_amount, 'EUR' as currency, timestamptz '2026-03-01 11:00:00+00' as packed_at,
    null::timestamptz as shipped_at, null::timestamptz as delivered_at,
    timestamptz '2026-03-01 11:00:00+00' as updated_at
-- quarantine id
select *
from (values
    ('cccccccc-0000-7000-8000-000000000001'::uuid, 'superseded'), (null, 'id_present'),
    ('cccccccc-0000-7000-8000-000000000003'::uuid, 'order_is_clean'),
    ('cccccccc-0000-7000-8000-000000000004'::uuid, 'vendor_exists'),
    ('cccccccc-0000-7000-8000-000000000005'::uuid, 'status_known'),
    ('cccccccc-0000-7000-8000-000000000006'::uuid, 'amount_not_negative'),
    ('cccccccc-0000-7000-8000-000000000007'::uuid, 'currency_is_iso')
) as t (id, rule)

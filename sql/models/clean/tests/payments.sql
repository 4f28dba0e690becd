-- given clean.orders
select 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as id, timestamptz '2026-03-01 10:00:00+00' as order_date
-- given raw.payments
select ('dddddddd-0000-7000-8000-00000000000' || n)::uuid as id, ('aaaaaaaa-0000-7000-8000-00000000000' || of)::uuid as order_id,
    'sandbox' as provider, 'card' as method, 'completed' as status, 10.00::decimal(18, 2) as amount,
    10.00::decimal(18, 2) as authorized_amount, captured::decimal(18, 2) as captured_amount,
    refunded::decimal(18, 2) as refunded_amount, currency, timestamptz '2026-03-01 10:00:00+00' as created_at,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 1, 10, 10, 'eur ', 1), (1, 1, 0, 0, 'EUR', 0), (null, 1, 0, 0, 'EUR', 0), (2, 2, 0, 0, 'EUR', 0),
    (3, 1, 10.01, 0, 'EUR', 0), (4, 1, 5, 5.01, 'EUR', 0), (5, 1, 0, 0, 'E1R', 0)
) as t (n, of, captured, refunded, currency, seconds)
-- expect
select 'dddddddd-0000-7000-8000-000000000001'::uuid as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    timestamptz '2026-03-01 10:00:00+00' as ordered_at, 'sandbox' as provider, 'card' as method, 'completed' as status,
    10.00 as amount, 10.00 as authorized_amount, 10.00 as captured_amount, 10.00 as refunded_amount, 'EUR' as currency,
    timestamptz '2026-03-01 10:00:00+00' as created_at, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine right(id::varchar, 1)::integer
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (2, 'order_is_clean'), (3, 'captured_in_range'), (4, 'refunded_in_range'),
    (5, 'currency_is_iso')
) as t (id, rule)

-- given raw.refunds
select ('bbbbbbbb-0000-7000-8000-00000000000' || n)::uuid as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id, kind,
    '  ' as reason, amount::decimal(18, 2) as amount, 'eur' as currency, status, created_at, null::timestamptz as completed_at,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 'refund', 0.01, 'completed', timestamptz '2026-03-01 00:00:00+00', 1),
    (1, 'refund', 0.01, 'pending', timestamptz '2026-03-01 00:00:00+00', 0),
    (null, 'refund', 1, 'pending', timestamptz '2026-03-01 00:00:00+00', 0),
    (2, 'gift', 1, 'pending', timestamptz '2026-03-01 00:00:00+00', 0),
    (3, 'release', 0, 'pending', timestamptz '2026-03-01 00:00:00+00', 0),
    (4, 'release', 1, 'promised', timestamptz '2026-03-01 00:00:00+00', 0),
    (5, 'refund', 1, 'pending', null, 0)
) as t (n, kind, amount, status, created_at, seconds)
-- expect
select 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as id, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid as order_id,
    'refund' as kind, null as reason, 0.01 as amount, 'EUR' as currency, 'completed' as status,
    timestamptz '2026-03-01 00:00:00+00' as created_at, null as completed_at, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine right(id::varchar, 1)::integer
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (2, 'kind_known'), (3, 'amount_positive'), (4, 'status_known'), (5, 'created_at_present')
) as t (id, rule)

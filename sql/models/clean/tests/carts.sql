-- given raw.customers
select 1 as id
-- given raw.carts
select ('cccccccc-0000-7000-8000-00000000000' || n)::uuid as id, customer_id, status, ' eur' as currency, created_at,
    timestamptz '2026-03-01 12:00:00+00' + seconds * interval 1 second as updated_at, null::timestamptz as checked_out_at
from (values
    (1, 1, 'open', timestamptz '2026-03-01 10:00:00+00', 0), (1, 1, 'abandoned', timestamptz '2026-03-01 10:00:00+00', 1),
    (null, 1, 'open', timestamptz '2026-03-01 10:00:00+00', 0), (2, 9, 'open', timestamptz '2026-03-01 10:00:00+00', 0),
    (3, 1, 'lost', timestamptz '2026-03-01 10:00:00+00', 0), (4, 1, 'open', null, 0)
) as t (n, customer_id, status, created_at, seconds)
-- expect
select 'cccccccc-0000-7000-8000-000000000001'::uuid as id, 1 as customer_id, 'abandoned' as status, 'EUR' as currency,
    timestamptz '2026-03-01 10:00:00+00' as created_at, timestamptz '2026-03-01 12:00:01+00' as updated_at,
    null as checked_out_at
-- quarantine right(id::varchar, 1)::integer
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (2, 'customer_exists'), (3, 'status_known'), (4, 'created_at_present')
) as t (id, rule)

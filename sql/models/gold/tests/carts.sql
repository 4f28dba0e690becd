-- given clean.carts
select *, 'EUR' as currency, timestamptz '2026-03-02 08:00:00+00' as updated_at
from (values
    ('cccccccc-0000-7000-8000-000000000001'::uuid, 1, 'checked_out', timestamptz '2026-03-01 00:00:00+00',
        timestamptz '2026-03-02 08:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000002'::uuid, 2, 'open', timestamptz '2026-03-01 23:59:59.999999+00', null)
) as t (id, customer_id, status, created_at, checked_out_at)
-- given clean.cart_items
select 'cccccccc-0000-7000-8000-000000000001'::uuid as cart_id, *
from (values (2, 9.99::decimal(18, 2)), (3, 0.01)) as t (qty, unit_price)
-- expect
-- Two products; a cart that was emptied.
select cart_id, customer_id, 20260301 as date_id, begun_at, cart_status, items, units, value, 'EUR' as currency,
    checked_out_at, timestamptz '2026-03-02 08:00:00+00' as updated_at
from (values
    ('cccccccc-0000-7000-8000-000000000001'::uuid, 1, timestamptz '2026-03-01 00:00:00+00', 'checked_out', 2, 5, 20.01,
        timestamptz '2026-03-02 08:00:00+00'),
    ('cccccccc-0000-7000-8000-000000000002'::uuid, 2, timestamptz '2026-03-01 23:59:59.999999+00', 'open', 0, 0, 0.00, null)
) as t (cart_id, customer_id, begun_at, cart_status, items, units, value, checked_out_at)

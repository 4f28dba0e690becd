-- days orders: 2026-03-01 2026-03-03
-- days orders: 2026-03-10 2026-03-11
-- given clean.orders_opening
select * from (values
    (date '2026-03-01', 1, 4), (date '2026-03-10', 1, 9)
) as t (opening_day, customer_id, orders)
-- given clean.customers
select * from (values (1, 'PT')) as t (id, country)
-- given clean.orders
select *, 'web' as channel, 'card' as payment_method, 'completed' as payment_status,
    10.00::decimal(18, 2) as subtotal, 1.00::decimal(18, 2) as tax_amount, 5.00::decimal(18, 2) as shipping_cost,
    2.00::decimal(18, 2) as discount_amount, 14.00::decimal(18, 2) as total_amount, 'EUR' as currency,
    'SPRING' as discount_code, null::timestamptz as delivered_at
from (values
    ('aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, timestamptz '2026-03-01 09:00:00+00', 'shipped',
        timestamptz '2026-03-01 23:00:00+00', timestamptz '2026-03-03 01:00:00+00', null),
    ('aaaaaaaa-0000-7000-8000-000000000002'::uuid, 1, timestamptz '2026-03-02 09:00:00+00', 'cancelled', null, null, 'declined'),
    ('aaaaaaaa-0000-7000-8000-000000000003'::uuid, 2, timestamptz '2026-03-02 10:00:00+00', 'confirmed',
        timestamptz '2026-03-02 10:00:00+00', null, null),
    ('aaaaaaaa-0000-7000-8000-000000000004'::uuid, 1, timestamptz '2026-03-10 00:00:00+00', 'shipped',
        timestamptz '2026-03-10 00:00:00+00', timestamptz '2026-03-10 23:59:59.999999+00', null),
    -- The same instant as the one before: the id decides.
    ('aaaaaaaa-0000-7000-8000-000000000005'::uuid, 1, timestamptz '2026-03-10 00:00:00+00', 'confirmed',
        timestamptz '2026-03-10 00:00:00+00', null, null)
) as t (id, customer_id, order_date, status, confirmed_at, shipped_at, cancel_reason)
-- expect order_id, customer_id, country, ordered_at, order_status, total_amount, cancel_reason, order_sequence, days_to_ship
-- Shipped after 26 hours, two midnights later; a customer who is in quarantine has no country.
select *
from (values
    ('aaaaaaaa-0000-7000-8000-000000000001'::uuid, 1, 'PT', timestamptz '2026-03-01 09:00:00+00', 'shipped', 14.00, null, 5, 1),
    ('aaaaaaaa-0000-7000-8000-000000000002'::uuid, 1, 'PT', timestamptz '2026-03-02 09:00:00+00', 'cancelled', 14.00, 'declined', 6, null),
    ('aaaaaaaa-0000-7000-8000-000000000003'::uuid, 2, null, timestamptz '2026-03-02 10:00:00+00', 'confirmed', 14.00, null, 1, null),
    ('aaaaaaaa-0000-7000-8000-000000000004'::uuid, 1, 'PT', timestamptz '2026-03-10 00:00:00+00', 'shipped', 14.00, null, 10, 0),
    ('aaaaaaaa-0000-7000-8000-000000000005'::uuid, 1, 'PT', timestamptz '2026-03-10 00:00:00+00', 'confirmed', 14.00, null, 11, null)
) as t (order_id, customer_id, country, ordered_at, order_status, total_amount, cancel_reason, order_sequence, days_to_ship)

-- given raw.customers
select 1 as id
-- given raw.orders
select ('aaaaaaaa-0000-7000-8000-0000000000' || n)::uuid as id, customer_id, channel, order_date, status, payment_method,
    payment_status, 10.00::decimal(18, 2) as subtotal, 1.00::decimal(18, 2) as tax_amount,
    5.00::decimal(18, 2) as shipping_cost, 2.00::decimal(18, 2) as discount_amount, total_amount::decimal(18, 2) as total_amount,
    currency, ' spring ' as discount_code, null::varchar as cancel_reason, null::timestamptz as confirmed_at,
    null::timestamptz as shipped_at, null::timestamptz as actual_delivery,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    ('10', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'confirmed', 'card', 'authorized', 14, ' eur', 1),
    ('10', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14, 'EUR', 0),
    (null, 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14, 'EUR', 0),
    ('11', 9, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14, 'EUR', 0),
    ('12', 1, 'fax', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14, 'EUR', 0),
    ('13', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'forgotten', 'card', 'pending', 14, 'EUR', 0),
    ('14', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'cheque', 'pending', 14, 'EUR', 0),
    ('15', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'promised', 14, 'EUR', 0),
    ('16', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14.01, 'EUR', 0),
    ('17', 1, 'web', timestamptz '2026-03-01 00:00:00+00', 'pending', 'card', 'pending', 14, 'euro', 0),
    ('18', 1, 'web', null, 'pending', 'card', 'pending', 14, 'EUR', 0)
) as t (n, customer_id, channel, order_date, status, payment_method, payment_status, total_amount, currency, seconds)
-- expect
select 'aaaaaaaa-0000-7000-8000-000000000010'::uuid as id, 1 as customer_id, 'web' as channel,
    timestamptz '2026-03-01 00:00:00+00' as order_date, 'confirmed' as status, 'card' as payment_method,
    'authorized' as payment_status, 10.00 as subtotal, 1.00 as tax_amount, 5.00 as shipping_cost, 2.00 as discount_amount,
    14.00 as total_amount, 'EUR' as currency, 'SPRING' as discount_code, null as cancel_reason, null as confirmed_at,
    null as shipped_at, null as delivered_at, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine right(id::varchar, 2)::integer
select *
from (values
    (10, 'superseded'), (null, 'id_present'), (11, 'customer_exists'), (12, 'channel_known'), (13, 'status_known'),
    (14, 'payment_method_known'), (15, 'payment_status_known'), (16, 'amounts_add_up'), (17, 'currency_is_iso'),
    (18, 'order_date_present')
) as t (id, rule)

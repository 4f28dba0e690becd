-- given work.orders
select *, 3 as customer_id, 'PT' as country, 'web' as channel, 'card' as payment_method, 'failed' as payment_status,
    10.00::decimal(18, 2) as subtotal, 2.00::decimal(18, 2) as discount_amount, 1.00::decimal(18, 2) as tax_amount,
    5.00::decimal(18, 2) as shipping_cost, 14.00::decimal(18, 2) as total_amount, 'EUR' as currency,
    'SPRING' as discount_code, 1 as order_sequence, null::timestamptz as confirmed_at,
    null::timestamptz as shipped_at, null::timestamptz as delivered_at, null::bigint as days_to_ship
from (values
    ('aaaaaaaa-0000-7000-8000-000000000001'::uuid, timestamptz '2024-02-29 23:59:59.999999+00', 'cancelled', 'declined'),
    ('aaaaaaaa-0000-7000-8000-000000000002'::uuid, timestamptz '2024-03-01 00:00:00+00', 'pending', null)
) as t (order_id, ordered_at, order_status, cancel_reason)
-- expect
select order_id, 3 as customer_id, 'PT' as country, 'web' as channel, date_id, ordered_at, order_status,
    'card' as payment_method, 'failed' as payment_status, 10.00 as subtotal, 2.00 as discount_amount,
    1.00 as tax_amount, 5.00 as shipping_cost, 14.00 as total_amount, 'EUR' as currency,
    'SPRING' as discount_code, cancel_reason, 1 as order_sequence, null::timestamptz as confirmed_at,
    null::timestamptz as shipped_at, null::timestamptz as delivered_at, null::bigint as days_to_ship
from (values
    ('aaaaaaaa-0000-7000-8000-000000000001'::uuid, 20240229, timestamptz '2024-02-29 23:59:59.999999+00', 'cancelled', 'declined'),
    ('aaaaaaaa-0000-7000-8000-000000000002'::uuid, 20240301, timestamptz '2024-03-01 00:00:00+00', 'pending', null)
) as t (order_id, date_id, ordered_at, order_status, cancel_reason)

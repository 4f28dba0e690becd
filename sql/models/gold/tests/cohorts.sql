-- interval: 2026-03-31 2026-04-01
-- given gold.customer
select customer_id, joined_at
from (values
    (1, timestamptz '2026-01-01 00:00:00+00'), (2, timestamptz '2026-01-31 23:59:59.999999+00'),
    (3, timestamptz '2026-01-15 12:00:00+00'), (4, timestamptz '2026-03-31 23:59:59.999999+00'),
    (5, timestamptz '2026-04-01 00:00:00+00'), (6, timestamptz '2026-02-10 12:00:00+00')
) as t (customer_id, joined_at)
-- given published.orders
-- 3 never bought, 6 bought at the counter before registering, 9 is in quarantine.
select customer_id, ordered_at, order_status
from (values
    (1, timestamptz '2026-01-31 23:59:59.999999+00', 'delivered'), (1, timestamptz '2026-03-01 00:00:00+00', 'pending'),
    (2, timestamptz '2026-01-31 23:59:59.999999+00', 'delivered'), (2, timestamptz '2026-01-31 23:59:59.999999+00', 'delivered'),
    (2, timestamptz '2026-02-10 12:00:00+00', 'cancelled'), (6, timestamptz '2026-01-20 12:00:00+00', 'delivered'),
    (9, timestamptz '2026-01-20 12:00:00+00', 'delivered')
) as t (customer_id, ordered_at, order_status)
-- given published.sales
select customer_id, ordered_at, total_price::decimal(18, 2) as total_price, order_status
from (values
    (1, timestamptz '2026-01-31 23:59:59.999999+00', 100, 'delivered'), (1, timestamptz '2026-03-01 00:00:00+00', 50, 'pending'),
    (2, timestamptz '2026-01-31 23:59:59.999999+00', 10, 'delivered'), (2, timestamptz '2026-01-31 23:59:59.999999+00', 20, 'delivered'),
    (2, timestamptz '2026-02-10 12:00:00+00', 70, 'cancelled'), (6, timestamptz '2026-01-20 12:00:00+00', 30, 'delivered'),
    (9, timestamptz '2026-01-20 12:00:00+00', 1000, 'delivered')
) as t (customer_id, ordered_at, total_price, order_status)
-- given published.refunds
select customer_id, refunded_at, amount::decimal(18, 2) as amount, refund_status
from (values
    (1, timestamptz '2026-02-01 00:00:00+00', 40, 'completed'), (1, timestamptz '2026-02-01 00:00:00+00', 5, 'pending')
) as t (customer_id, refunded_at, amount, refund_status)
-- expect
select *
from (values
    (date '2026-01-01', 0, 3, 2, 0.6667, 3, 130.00, 43.33, 130.00, 43.33),
    (date '2026-01-01', 1, 3, 0, 0.0000, 0, -40.00, -13.33, 90.00, 30.00),
    (date '2026-01-01', 2, 3, 1, 0.3333, 1, 50.00, 16.67, 140.00, 46.67),
    (date '2026-02-01', 0, 1, 1, 1.0000, 1, 30.00, 30.00, 30.00, 30.00),
    (date '2026-02-01', 1, 1, 0, 0.0000, 0, 0.00, 0.00, 30.00, 30.00),
    (date '2026-03-01', 0, 1, 0, 0.0000, 0, 0.00, 0.00, 0.00, 0.00)
) as t (cohort_month, months_since, customers, active_customers, retention, orders, revenue, value, cumulative_revenue,
    cumulative_value)

-- interval: 2025-02-28 2025-03-01
-- given published.orders
select ordered_at, customer_id, order_status
from (values
    (timestamptz '2024-02-28 12:00:00+00', 1, 'delivered'), (timestamptz '2024-02-29 00:00:00+00', 1, 'delivered'),
    (timestamptz '2024-02-29 23:59:59.999999+00', 2, 'returned'), (timestamptz '2024-02-29 12:00:00+00', 3, 'cancelled'),
    (timestamptz '2025-01-15 12:00:00+00', 1, 'cancelled'), (timestamptz '2025-02-28 12:00:00+00', 1, 'pending'),
    (timestamptz '2025-02-28 13:00:00+00', 1, 'confirmed')
) as t (ordered_at, customer_id, order_status)
-- given published.sales
select ordered_at, qty, total_price::decimal(18, 2) as total_price, order_status
from (values
    (timestamptz '2024-02-28 12:00:00+00', 2, 99.99, 'delivered'), (timestamptz '2024-02-28 12:00:00+00', 1, 0.01, 'delivered'),
    (timestamptz '2024-02-29 00:00:00+00', 1, 50, 'delivered'), (timestamptz '2024-02-29 23:59:59.999999+00', 1, 30, 'returned'),
    (timestamptz '2024-02-29 12:00:00+00', 9, 999, 'cancelled'), (timestamptz '2025-01-15 12:00:00+00', 1, 10, 'cancelled'),
    (timestamptz '2025-02-28 12:00:00+00', 4, 150, 'pending'), (timestamptz '2025-02-28 13:00:00+00', 1, 50, 'confirmed')
) as t (ordered_at, qty, total_price, order_status)
-- given published.refunds
select refunded_at, amount::decimal(18, 2) as amount, refund_status
from (values
    (timestamptz '2025-02-10 00:00:00+00', 30, 'completed'), (timestamptz '2025-02-27 12:00:00+00', 7, 'pending')
) as t (refunded_at, amount, refund_status)
-- expect
-- A day with cancelled orders only, a day with a refund only, a leap day, which next year has nothing to compare
-- with; February beside February, week 9 beside week 9.
select period, period_start, orders, units, customers, sales, refunds, revenue, average_order_value, orders_per_customer,
    previous_revenue, growth_percent, seasonality
from (values
    ('day', date '2024-02-28', 1, 3, 1, 100.00, 0.00, 100.00, 100.00, 1.0000, null, null, null),
    ('day', date '2024-02-29', 2, 2, 2, 80.00, 0.00, 80.00, 40.00, 1.0000, null, null, null),
    ('day', date '2025-01-15', 0, 0, 0, 0.00, 0.00, 0.00, null, null, null, null, null),
    ('day', date '2025-02-10', 0, 0, 0, 0.00, 30.00, -30.00, null, null, null, null, null),
    ('day', date '2025-02-28', 2, 5, 1, 200.00, 0.00, 200.00, 100.00, 2.0000, 100.00, 100.0000, null),
    ('week', date '2024-02-26', 3, 5, 2, 180.00, 0.00, 180.00, 60.00, 1.5000, null, null, null),
    ('week', date '2025-01-13', 0, 0, 0, 0.00, 0.00, 0.00, null, null, null, null, null),
    ('week', date '2025-02-10', 0, 0, 0, 0.00, 30.00, -30.00, null, null, null, null, null),
    ('week', date '2025-02-24', 2, 5, 1, 200.00, 0.00, 200.00, 100.00, 2.0000, 180.00, 11.1111, null),
    ('month', date '2024-02-01', 3, 5, 2, 180.00, 0.00, 180.00, 60.00, 1.5000, null, null, null),
    ('month', date '2025-01-01', 0, 0, 0, 0.00, 0.00, 0.00, null, null, null, null, null),
    ('month', date '2025-02-01', 2, 5, 1, 200.00, 30.00, 170.00, 85.00, 2.0000, 180.00, -5.5556, null),
    ('quarter', date '2024-01-01', 3, 5, 2, 180.00, 0.00, 180.00, 60.00, 1.5000, null, null, 1.0000),
    ('quarter', date '2025-01-01', 2, 5, 1, 200.00, 30.00, 170.00, 85.00, 2.0000, 180.00, -5.5556, 1.0000)
) as t (period, period_start, orders, units, customers, sales, refunds, revenue, average_order_value,
    orders_per_customer, previous_revenue, growth_percent, seasonality)

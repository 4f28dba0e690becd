-- interval: 2025-05-10 2025-05-11
-- given published.orders
select ordered_at, 1 as customer_id, 'confirmed' as order_status
from (values
    (timestamptz '2021-01-11 12:00:00+00'), (timestamptz '2022-01-10 12:00:00+00'), (timestamptz '2023-02-28 12:00:00+00'),
    (timestamptz '2024-02-29 12:00:00+00'), (timestamptz '2024-05-10 12:00:00+00'), (timestamptz '2025-02-28 12:00:00+00'),
    (timestamptz '2025-05-10 12:00:00+00')
) as t (ordered_at)
-- given published.sales
select ordered_at, 1 as qty, total_price::decimal(18, 2) as total_price, 'confirmed' as order_status
from (values
    (timestamptz '2021-01-11 12:00:00+00', 4), (timestamptz '2022-01-10 12:00:00+00', 8),
    (timestamptz '2023-02-28 12:00:00+00', 10), (timestamptz '2024-02-29 12:00:00+00', 20),
    (timestamptz '2024-05-10 12:00:00+00', 7), (timestamptz '2025-02-28 12:00:00+00', 30),
    (timestamptz '2025-05-10 12:00:00+00', 300)
) as t (ordered_at, total_price)
-- given published.refunds
select timestamptz '2023-05-10 12:00:00+00' as refunded_at, 5.00::decimal(18, 2) as amount, 'completed' as refund_status
-- expect period, period_start, revenue, previous_revenue, growth_percent, seasonality
-- The quarter that is not over has no say: first quarters are (4 + 8 + 10 + 20 + 30) / 5 and second ones (-5 + 7) / 2 by
-- 74 / 7. The leap day does not follow on 28 February. There is no growth from less than nothing. 2021 began
-- in the last week of the year before, and week 2 follows on week 2 all the same.
select *
from (values
    ('day', date '2021-01-11', 4.00, null, null, null),
    ('day', date '2022-01-10', 8.00, null, null, null),
    ('day', date '2023-02-28', 10.00, null, null, null),
    ('day', date '2023-05-10', -5.00, null, null, null),
    ('day', date '2024-02-29', 20.00, null, null, null),
    ('day', date '2024-05-10', 7.00, -5.00, null, null),
    ('day', date '2025-02-28', 30.00, null, null, null),
    ('day', date '2025-05-10', 300.00, 7.00, 4185.7143, null),
    ('week', date '2021-01-11', 4.00, null, null, null),
    ('week', date '2022-01-10', 8.00, 4.00, 100.0000, null),
    ('week', date '2023-02-27', 10.00, null, null, null),
    ('week', date '2023-05-08', -5.00, null, null, null),
    ('week', date '2024-02-26', 20.00, 10.00, 100.0000, null),
    ('week', date '2024-05-06', 7.00, -5.00, null, null),
    ('week', date '2025-02-24', 30.00, 20.00, 50.0000, null),
    ('week', date '2025-05-05', 300.00, 7.00, 4185.7143, null),
    ('month', date '2021-01-01', 4.00, null, null, null),
    ('month', date '2022-01-01', 8.00, 4.00, 100.0000, null),
    ('month', date '2023-02-01', 10.00, null, null, null),
    ('month', date '2023-05-01', -5.00, null, null, null),
    ('month', date '2024-02-01', 20.00, 10.00, 100.0000, null),
    ('month', date '2024-05-01', 7.00, -5.00, null, null),
    ('month', date '2025-02-01', 30.00, 20.00, 50.0000, null),
    ('month', date '2025-05-01', 300.00, 7.00, 4185.7143, null),
    ('quarter', date '2021-01-01', 4.00, null, null, 1.3622),
    ('quarter', date '2022-01-01', 8.00, 4.00, 100.0000, 1.3622),
    ('quarter', date '2023-01-01', 10.00, 8.00, 25.0000, 1.3622),
    ('quarter', date '2023-04-01', -5.00, null, null, 0.0946),
    ('quarter', date '2024-01-01', 20.00, 10.00, 100.0000, 1.3622),
    ('quarter', date '2024-04-01', 7.00, -5.00, null, 0.0946),
    ('quarter', date '2025-01-01', 30.00, 20.00, 50.0000, 1.3622),
    ('quarter', date '2025-04-01', 300.00, 7.00, 4185.7143, 0.0946)
) as t (period, period_start, revenue, previous_revenue, growth_percent, seasonality)

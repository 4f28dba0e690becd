-- interval: 2026-03-31 2026-04-01
-- parameters: 12 5.00
-- given published.orders
-- The first order at first, the others at last. Of those who tie 1, 2 and 3 bought last on the last day,
-- at its first instant, at its last one, and once in all; 10 has cancelled orders only, and a cancelled
-- order of 4 on the last day is no purchase.
select customer_id, case when n = 1 then first else last end as ordered_at, status as order_status
from (
    select *, unnest(range(1, orders + 1)) as n
    from (values
        (1, 4, timestamptz '2025-03-31 00:00:00+00', timestamptz '2026-03-31 00:00:00+00', 'delivered'),
        (2, 4, timestamptz '2025-04-01 00:00:00+00', timestamptz '2026-03-31 23:59:59.999999+00', 'shipped'),
        (3, 1, timestamptz '2026-03-31 12:00:00+00', timestamptz '2026-03-31 12:00:00+00', 'pending'),
        (4, 3, timestamptz '2026-02-28 12:00:00+00', timestamptz '2026-03-25 12:00:00+00', 'returned'),
        (4, 1, timestamptz '2026-03-31 12:00:00+00', timestamptz '2026-03-31 12:00:00+00', 'cancelled'),
        (5, 2, timestamptz '2025-12-31 12:00:00+00', timestamptz '2026-01-31 23:59:59.999999+00', 'confirmed'),
        (6, 1, timestamptz '2025-12-31 00:00:00+00', timestamptz '2025-12-31 00:00:00+00', 'confirmed'),
        (7, 1, timestamptz '2025-12-31 23:59:59.999999+00', timestamptz '2025-12-31 23:59:59.999999+00', 'confirmed'),
        (8, 1, timestamptz '2026-03-25 12:00:00+00', timestamptz '2026-03-25 12:00:00+00', 'confirmed'),
        (9, 2, timestamptz '2024-02-29 12:00:00+00', timestamptz '2026-03-20 12:00:00+00', 'confirmed'),
        (10, 9, timestamptz '2024-01-01 12:00:00+00', timestamptz '2026-03-31 12:00:00+00', 'cancelled'),
        (11, 5, timestamptz '2025-08-31 12:00:00+00', timestamptz '2026-03-30 12:00:00+00', 'confirmed')
    ) as t (customer_id, orders, first, last, status)
)
-- given published.sales
select customer_id, total_price::decimal(18, 2) as total_price, order_status
from (values
    (1, 399.99, 'delivered'), (1, 0.01, 'delivered'), (2, 400, 'shipped'), (3, 50, 'pending'), (4, 200, 'returned'),
    (4, 1000, 'cancelled'), (5, 100, 'confirmed'), (6, 10, 'confirmed'), (7, 10, 'confirmed'), (8, 50, 'confirmed'),
    (9, 100, 'confirmed'), (10, 5000, 'cancelled'), (11, 430, 'confirmed')
) as t (customer_id, total_price, order_status)
-- given published.refunds
-- On days after the order's; only what is completed counts.
select customer_id, amount::decimal(18, 2) as amount, refund_status
from (values
    (11, 10, 'completed'), (11, 20, 'completed'), (11, 7, 'pending'), (1, 9, 'failed')
) as t (customer_id, amount, refund_status)
-- expect
-- Of ten, 6 and 7 are worst in everything: nobody is worse, 1. Four have one order, so those with two are better
-- than 4 of 10: 1 + floor(2.0) = 3; seven are worse than 1 and 2: 1 + floor(3.5) = 4.
select customer_id, date '2026-03-31' as as_of, orders, revenue, average_ticket, first_purchase, last_purchase,
    days_since_last_purchase, r_score, f_score, m_score, segment, months_since_first_purchase, orders_per_month,
    lifetime_months, clv, 12 as clv_expected_months, 5.00 as clv_acquisition_cost
from (values
    (1, 4, 400.00, 100.00, date '2025-03-31', date '2026-03-31', 0, 4, 4, 4, 'VIP', 12, 0.3333, 24, 795.00),
    (2, 4, 400.00, 100.00, date '2025-04-01', date '2026-03-31', 0, 4, 4, 4, 'VIP', 11, 0.3636, 23, 831.36),
    (3, 1, 50.00, 50.00, date '2026-03-31', date '2026-03-31', 0, 4, 1, 2, 'New', 0, 1.0000, 12, 595.00),
    (4, 3, 200.00, 66.67, date '2026-02-28', date '2026-03-25', 6, 3, 4, 4, 'Loyal', 1, 3.0000, 13, 2595.00),
    (5, 2, 100.00, 50.00, date '2025-12-31', date '2026-01-31', 59, 2, 3, 3, 'At Risk', 3, 0.6667, 15, 495.00),
    (6, 1, 10.00, 10.00, date '2025-12-31', date '2025-12-31', 90, 1, 1, 1, 'Lost', 3, 0.3333, 3, 5.00),
    (7, 1, 10.00, 10.00, date '2025-12-31', date '2025-12-31', 90, 1, 1, 1, 'Lost', 3, 0.3333, 3, 5.00),
    (8, 1, 50.00, 50.00, date '2026-03-25', date '2026-03-25', 6, 3, 1, 2, 'Regular', 0, 1.0000, 12, 595.00),
    (9, 2, 100.00, 50.00, date '2024-02-29', date '2026-03-20', 11, 2, 3, 3, 'At Risk', 25, 0.0800, 37, 143.00),
    (11, 5, 400.00, 80.00, date '2025-08-31', date '2026-03-30', 1, 4, 5, 4, 'VIP', 7, 0.7143, 19, 1080.71)
) as t (customer_id, orders, revenue, average_ticket, first_purchase, last_purchase, days_since_last_purchase,
    r_score, f_score, m_score, segment, months_since_first_purchase, orders_per_month, lifetime_months, clv)

-- interval: 2026-03-01 2026-03-02
-- given gold.customer
select customer_id, joined_at
from (values
    (1, timestamptz '2026-03-01 23:59:59.999999+00'), (2, timestamptz '2026-03-02 00:00:00+00'),
    (3, timestamptz '2026-01-31 12:00:00+00')
) as t (customer_id, joined_at)
-- given published.orders
select 1 as customer_id, now() as ordered_at, '' as order_status where false
-- given published.sales
select 1 as customer_id, now() as ordered_at, 1.00::decimal(18, 2) as total_price, '' as order_status where false
-- given published.refunds
select 1 as customer_id, now() as refunded_at, 1.00::decimal(18, 2) as amount, '' as refund_status where false
-- expect cohort_month, months_since, customers, retention, value
-- The second day does not count yet, and the third month has begun.
select *, 1 as customers, 0.0000 as retention, 0.00 as value
from (values
    (date '2026-01-01', 0), (date '2026-01-01', 1), (date '2026-01-01', 2), (date '2026-03-01', 0)
) as t (cohort_month, months_since)

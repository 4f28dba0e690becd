-- interval: 2026-03-15 2026-03-16
-- given published.orders
select *, 'confirmed' as order_status
from (values
    (1, timestamptz '2026-02-15 23:59:59.999999+00'), (2, timestamptz '2026-02-16 00:00:00+00'),
    (3, timestamptz '2026-01-31 12:00:00+00'), (4, timestamptz '2024-03-16 12:00:00+00')
) as t (customer_id, ordered_at)
-- given published.sales
select unnest([1, 2, 3, 4]) as customer_id, 1.00::decimal(18, 2) as total_price, 'confirmed' as order_status
-- given published.refunds
select 1 as customer_id, 1.00::decimal(18, 2) as amount, 'completed' as refund_status where false
-- expect customer_id, months_since_first_purchase, days_since_last_purchase
-- In the middle of a month: whole months, not names of months.
select * from (values (1, 1, 28), (2, 0, 27), (3, 1, 43), (4, 23, 729)) as t (customer_id, months, days)

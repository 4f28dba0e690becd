-- interval: 2024-01-01 2024-03-01
-- parameters: 0 0.00
-- given published.orders
select customer_id, ordered_at, 'confirmed' as order_status
from (
    select *, unnest(range(0, orders)) as n
    from (values
        (1, 2, timestamptz '2024-01-31 23:59:59.999999+00'), (2, 1, timestamptz '2024-02-01 00:00:00+00'),
        (3, 5, timestamptz '2024-02-27 12:00:00+00'), (4, 4, timestamptz '2024-02-28 12:00:00+00'),
        (5, 3, timestamptz '2024-02-29 23:59:59.999999+00')
    ) as t (customer_id, orders, ordered_at)
)
-- given published.sales
select customer_id, total_price::decimal(18, 2) as total_price, 'confirmed' as order_status
from (values (1, 30), (2, 10), (3, 50), (4, 40), (5, 20.01)) as t (customer_id, total_price)
-- given published.refunds
select 1 as customer_id, 1.00::decimal(18, 2) as amount, 'completed' as refund_status where false
-- expect customer_id, r_score, f_score, m_score, segment, months_since_first_purchase, lifetime_months, clv
-- Nobody ties, so the scores are 1 to 5. 1 has R 1 and F 2, which is at risk and not lost; 3 fails VIP by R; 4 is
-- VIP with nothing to spare; 5 has M 2 and is nothing of all. The leap day is a month after 31 January, and
-- what is not a month old counts as if it were, of a life of no months.
select *
from (values
    (1, 1, 2, 3, 'At Risk', 1, 1, 30.00),
    (2, 2, 1, 1, 'Lost', 0, 0, 0.00),
    (3, 3, 5, 5, 'Loyal', 0, 0, 0.00),
    (4, 4, 4, 4, 'VIP', 0, 0, 0.00),
    (5, 5, 3, 2, 'Regular', 0, 0, 0.00)
) as t (customer_id, r_score, f_score, m_score, segment, months_since_first_purchase, lifetime_months, clv)

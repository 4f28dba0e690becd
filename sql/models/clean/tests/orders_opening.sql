-- given raw.customers
select unnest([1, 2]) as id
-- given raw.orders_opening
select date '2026-03-01' as opening_day, *
from (values (1, 4), (9, 1), (2, 0)) as t (customer_id, orders)
-- expect
select date '2026-03-01' as opening_day, 1 as customer_id, 4 as orders
-- quarantine customer_id
select * from (values (9, 'customer_exists'), (2, 'orders_positive')) as t (customer_id, rule)

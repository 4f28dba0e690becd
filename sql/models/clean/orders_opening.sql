-- description: How many orders those who bought on one of the run's days had placed before.
-- grain: one row per customer and first day of an unbroken row of days
-- key: opening_day, customer_id
-- reads: raw.orders_opening, raw.customers
-- totals: orders
-- column opening_day: The first of the days.
-- column customer_id: The customer.
-- column orders: Orders placed before that day, whatever became of them.
-- error customer_exists: customer_id in (select c.id from raw.customers as c)
-- error orders_positive: orders > 0
select
    o.opening_day,
    o.customer_id,
    o.orders
from raw.orders_opening as o

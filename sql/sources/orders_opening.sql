-- description: How many orders those who bought on one of the days had placed before.
-- subject: orders
-- per: span
-- columns: opening_day date, customer_id bigint, orders bigint
select
    (current_setting('lake.from')::timestamptz at time zone 'UTC')::date as opening_day,
    o.customer_id,
    count(*) as orders
from ordering.orders as o
where o.order_date < current_setting('lake.from')::timestamptz
    and o.customer_id in (
        select n.customer_id
        from ordering.orders as n
        where n.order_date >= current_setting('lake.from')::timestamptz
            and n.order_date < current_setting('lake.to')::timestamptz
    )
group by o.customer_id

select
    count(*),
    count(*) filter (where id in (select order_id from warehouse.sales))
from ordering.orders
where id in (select order_id from ordering.payments where provider <> 'history')

select customer_id
from ordering.orders
group by customer_id
having count(*) > 1
    and max(order_date) < (select max(order_date) from ordering.orders) - interval '180 days'

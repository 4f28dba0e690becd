select customer_id from ordering.orders group by customer_id having count(*) = 1

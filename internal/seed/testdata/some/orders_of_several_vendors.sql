select order_id from ordering.shipments group by order_id having count(*) > 1

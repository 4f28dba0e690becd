select orders.id, orders.status
from ordering.orders as orders
left join (
    select
        order_id,
        sum(amount) as amount,
        bool_and(status = 'delivered') as delivered,
        bool_and(status = 'cancelled') as cancelled
    from ordering.shipments
    group by order_id
) as parcels on parcels.order_id = orders.id
where (orders.confirmed_at is null) <> (parcels.order_id is null)
    or parcels.amount <> orders.total_amount
    or (orders.status in ('delivered', 'returned') and not parcels.delivered)
    or (orders.status = 'cancelled' and not parcels.cancelled)

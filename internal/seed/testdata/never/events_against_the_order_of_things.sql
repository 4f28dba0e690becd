select orders.id
from ordering.orders as orders
inner join (
    select
        order_id,
        min(occurred_at) filter (where type = 'order.placed') as placed_at,
        min(occurred_at) filter (where type = 'order.confirmed') as confirmed_at,
        min(occurred_at) filter (where type = 'order.cancelled') as cancelled_at,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from ordering.order_events
    group by order_id
) as events on events.order_id = orders.id
where events.placed_at is distinct from orders.order_date
    or events.confirmed_at is distinct from orders.confirmed_at
    or (events.cancelled_at is null) <> (orders.status <> 'cancelled')
    or events.first_at <> events.placed_at
    or events.last_at > orders.updated_at
    or orders.confirmed_at < orders.order_date
    or orders.shipped_at < orders.confirmed_at
    or orders.actual_delivery < orders.shipped_at

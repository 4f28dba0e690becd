-- proves: An order was placed once, and confirmed, shipped, delivered, returned or cancelled once if it says so.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'status', orders.status, 'confirmed_at', ordering.rfc3339(orders.confirmed_at),
        'placed_events', coalesce(told.placed, 0), 'confirmed_events', coalesce(told.confirmed, 0),
        'cancelled_events', coalesce(told.cancelled, 0), 'shipped_events', coalesce(told.shipped, 0),
        'delivered_events', coalesce(told.delivered, 0), 'returned_events', coalesce(told.returned, 0)
    ) as details
from ordering.orders as orders
left join (
    select
        order_id,
        count(*) filter (where type = 'order.placed') as placed,
        count(*) filter (where type = 'order.confirmed') as confirmed,
        count(*) filter (where type = 'order.cancelled') as cancelled,
        count(*) filter (where type = 'order.shipped') as shipped,
        count(*) filter (where type = 'order.delivered') as delivered,
        count(*) filter (where type = 'order.returned') as returned
    from ordering.order_events
    group by order_id
) as told on told.order_id = orders.id
where coalesce(told.placed, 0) <> 1
    or coalesce(told.confirmed, 0) <> case when orders.confirmed_at is null then 0 else 1 end
    or coalesce(told.cancelled, 0) <> case when orders.status = 'cancelled' then 1 else 0 end
    or coalesce(told.shipped, 0) <> case when orders.shipped_at is null then 0 else 1 end
    or coalesce(told.delivered, 0) <> case when orders.status in ('delivered', 'returned') then 1 else 0 end
    or coalesce(told.returned, 0) <> case when orders.status = 'returned' then 1 else 0 end

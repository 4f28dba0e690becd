-- proves: Where an order stands is where its shipments stand, and they are charged its whole total.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'status', orders.status, 'total_amount', orders.total_amount,
        'shipments_amount', parcels.amount, 'waiting', coalesce(parcels.waiting, 0),
        'under_way', coalesce(parcels.under_way, 0), 'arrived', coalesce(parcels.arrived, 0)
    ) as details
from ordering.orders as orders
left join (
    select
        order_id,
        sum(amount) as amount,
        count(*) filter (where status in ('pending', 'packed', 'released')) as waiting,
        count(*) filter (where status = 'shipped') as under_way,
        count(*) filter (where status = 'delivered') as arrived
    from ordering.shipments
    group by order_id
) as parcels on parcels.order_id = orders.id
where parcels.amount <> orders.total_amount
    or not case orders.status
        when 'pending' then parcels.order_id is null
        when 'cancelled' then coalesce(parcels.waiting + parcels.under_way + parcels.arrived, 0) = 0
        when 'confirmed' then parcels.order_id is null or parcels.waiting > 0
        when 'shipped' then coalesce(parcels.waiting = 0 and parcels.under_way > 0, false)
        else coalesce(parcels.waiting + parcels.under_way = 0 and parcels.arrived > 0, false)
    end

-- proves: A line has come back as often as its shipment was cancelled, its returns received and its refunds restocked; an order is returned when all of it that arrived has.
-- subject: order
-- severity: error
with back as (
    select order_item_id, sum(qty) as qty
    from (
        select sent.order_item_id, sent.qty
        from ordering.shipments as shipment
        inner join ordering.shipment_items as sent on sent.shipment_id = shipment.id
        where shipment.status = 'cancelled'
        union all
        select order_item_id, qty from ordering.return_items where received_at is not null
        union all
        select item.order_item_id, item.qty
        from ordering.refunds as refund
        inner join ordering.refund_items as item on item.refund_id = refund.id
        where item.restocked
            and refund.return_id is null
            and refund.shipment_id is null
            and refund.retry_of is null -- the units came back with the first
    ) as ways
    group by order_item_id
),

arrived as (
    select shipment.order_id, sum(line.qty - line.returned_qty) as still_out
    from ordering.shipments as shipment
    inner join ordering.shipment_items as sent on sent.shipment_id = shipment.id
    inner join ordering.order_items as line on line.id = sent.order_item_id
    where shipment.status = 'delivered'
    group by shipment.order_id
)

select
    line.order_id::text as subject_id,
    jsonb_build_object(
        'line_no', line.line_no, 'qty', line.qty, 'returned_qty', line.returned_qty,
        'came_back', coalesce(back.qty, 0)
    ) as details
from ordering.order_items as line
left join back on back.order_item_id = line.id
where line.returned_qty <> coalesce(back.qty, 0)
union all
select
    orders.id::text,
    jsonb_build_object('status', orders.status, 'still_out', arrived.still_out)
from ordering.orders as orders
inner join arrived on arrived.order_id = orders.id
where (orders.status = 'returned' and arrived.still_out > 0)
    or (orders.status = 'delivered' and arrived.still_out = 0)

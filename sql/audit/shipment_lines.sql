-- proves: Every line of an order that is being fulfilled is whole in one shipment of its vendor.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'line_no', line.line_no, 'qty', line.qty, 'shipped_qty', coalesce(packed.qty, 0),
        'shipments', coalesce(packed.shipments, 0)
    ) as details
from ordering.orders as orders
inner join ordering.order_items as line on line.order_id = orders.id
left join (
    select
        item.order_item_id,
        sum(item.qty) as qty,
        count(*) as shipments,
        array_agg(distinct shipment.order_id) as orders,
        array_agg(distinct shipment.vendor_id) as vendors
    from ordering.shipment_items as item
    inner join ordering.shipments as shipment on shipment.id = item.shipment_id
    group by item.order_item_id
) as packed on packed.order_item_id = line.id
where orders.confirmed_at is not null
    and exists (select from ordering.shipments where shipments.order_id = orders.id)
    and (
        packed.qty is distinct from line.qty
        or packed.orders is distinct from array[line.order_id]
        or packed.vendors is distinct from array[line.vendor_id]
    )

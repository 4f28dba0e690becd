select item.id
from ordering.order_items as item
inner join ordering.orders as orders on orders.id = item.order_id
left join ordering.shipment_items as parcel on parcel.order_item_id = item.id
left join ordering.shipments as shipment on shipment.id = parcel.shipment_id
where orders.confirmed_at is not null
    and (
        parcel.qty is distinct from item.qty
        or shipment.vendor_id is distinct from item.vendor_id
        or shipment.order_id is distinct from item.order_id
    )

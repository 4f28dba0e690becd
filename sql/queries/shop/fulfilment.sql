-- name: OrderToShip :one
select
    orders.status,
    orders.currency,
    orders.tax_amount,
    orders.shipping_cost,
    payment.id as payment_id,
    array_agg(item.vendor_id order by item.vendor_id)::bigint [] as vendors,
    array_agg(item.total_price order by item.vendor_id)::numeric(18, 2) [] as totals
from ordering.orders
inner join ordering.payments as payment on payment.order_id = orders.id
inner join (
    select order_id, vendor_id, sum(total_price)::numeric(18, 2) as total_price
    from ordering.order_items
    group by order_id, vendor_id
) as item on item.order_id = orders.id
where orders.id = @order_id
group by orders.id, payment.id;

-- name: PlanShipment :exec
-- One shipment of a vendor's lines; nothing where it has been planned before.
with planned as (
    insert into ordering.shipments (id, order_id, vendor_id, amount, currency)
    values (@id, @order_id, @vendor_id, @amount, @currency)
    on conflict (order_id, vendor_id) do nothing
    returning id, order_id, vendor_id
)

insert into ordering.shipment_items (shipment_id, order_item_id, qty)
select planned.id, item.id, item.qty
from planned
inner join ordering.order_items as item
    on item.order_id = planned.order_id and item.vendor_id = planned.vendor_id;

-- name: ShipmentsOfOrder :many
select * from ordering.shipments where order_id = @order_id order by vendor_id;

-- name: Shipment :one
select * from ordering.shipments where id = @id;

-- name: ShipmentByTracking :one
select * from ordering.shipments where tracking_number = @tracking_number::text;

-- name: PackShipment :exec
with packed as (
    update ordering.shipments as shipment
    set
        status = 'packed',
        packed_at = now()
    where shipment.id = @id and shipment.status = 'pending'
    returning shipment.id, shipment.order_id, shipment.vendor_id
)

insert into ordering.order_events (order_id, type, data)
select
    order_id, 'shipment.packed',
    jsonb_build_object('shipment_id', id, 'vendor_id', vendor_id)
from packed;

-- name: ShipmentToLabel :one
select shipment.id, shipment.order_id, shipment.tracking_number, orders.shipping_address
from ordering.shipments as shipment
inner join ordering.orders as orders on orders.id = shipment.order_id
where shipment.id = @id;

-- name: LabelShipment :exec
update ordering.shipments
set
    carrier = @carrier::text,
    tracking_number = @tracking_number::text,
    label_url = @label_url::text
where id = @id;

-- name: ShipShipment :exec
select ordering.ship_shipment(@id);

-- name: DeliverShipment :exec
select ordering.deliver_shipment(@id, @delivered_at);

-- name: CancelShipment :one
select ordering.cancel_shipment(@id, @reason)::text as order_status;

-- name: ReceiveWebhook :one
-- True when this message has been acted on before: it is told again until it is answered.
insert into ordering.webhook_receipts (source, event_id, payload)
values (@source, @event_id, @payload)
on conflict (source, event_id) do update set source = excluded.source
returning (handled_at is not null)::boolean as handled;

-- name: WebhookHandled :exec
update ordering.webhook_receipts set handled_at = now() where source = @source and event_id = @event_id;

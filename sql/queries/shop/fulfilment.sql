-- name: LockOrder :one
-- The order, kept from everybody else until the transaction ends. customer_id null: whoever's.
select
    orders.id,
    orders.customer_id,
    orders.status,
    orders.channel,
    orders.payment_method,
    orders.currency,
    orders.tax_amount,
    orders.shipping_cost,
    (select provider from ordering.payments where payments.order_id = orders.id)::text as provider
from ordering.orders
where orders.id = @id and orders.customer_id = coalesce(sqlc.narg(customer_id), orders.customer_id)
for no key update;

-- name: LinesToShip :many
select id, vendor_id, qty, total_price
from ordering.order_items
where order_id = @order_id
order by vendor_id, line_no;

-- name: PlanShipment :exec
insert into ordering.shipments (id, order_id, vendor_id, amount, shipping_amount, currency)
values (@id, @order_id, @vendor_id, @amount, @shipping_amount, @currency);

-- name: PlanShipmentItems :copyfrom
insert into ordering.shipment_items (shipment_id, order_item_id, qty, tax_amount)
values ($1, $2, $3, $4);

-- name: ShipmentsOfOrder :many
select * from ordering.shipments where order_id = @order_id order by vendor_id;

-- name: Shipment :one
select * from ordering.shipments where id = @id;

-- name: ShipmentByTracking :one
select * from ordering.shipments where tracking_number = @tracking_number::text;

-- name: PackShipment :one
select done.status::text as status, done.packed_by
from ordering.pack_shipment(@id, @packed_by) as done;

-- name: ReleaseShipment :one
select done.status::text as status
from ordering.release_shipment(@id, @packed_by) as done;

-- name: ShipmentToLabel :one
select
    shipment.id,
    shipment.order_id,
    shipment.status,
    shipment.tracking_number,
    orders.shipping_address
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
select done.status::text as status
from ordering.cancel_shipment(@id, @reason, @cancelled_by, @restock, @refund_id) as done;

-- name: LoseShipment :exec
select ordering.lose_shipment(@id, @status, @refund_id);

-- name: LabelCancelled :exec
update ordering.shipments
set label_cancelled_at = now()
where id = @id and label_cancelled_at is null;

-- name: ToCapture :one
-- A shipment's part of the payment; nothing: the provider has nothing to do for it.
select
    shipment.id,
    shipment.order_id,
    shipment.amount,
    (shipment.amount = 0 and payment.amount > 0)::boolean as nothing
from ordering.shipments as shipment
inner join ordering.payments as payment on payment.order_id = shipment.order_id
where shipment.id = @id;

-- name: ToVoid :one
-- Whether an order's payment, or what is left of it when the rest was captured and this was given up,
-- is still to be given back to whoever set it aside.
select
    (
        (orders.status = 'cancelled' and payment.status in ('pending', 'authorized'))
        or (
            payment.method in ('card', 'wallet')
            and payment.released_amount > 0
            and payment.captured_amount + payment.released_amount = payment.amount
            and not exists (
                select 1
                from ordering.payment_attempts as attempt
                where attempt.payment_id = payment.id
                    and attempt.operation = 'void'
                    and attempt.outcome in ('approved', 'declined')
            )
        )
    )::boolean as to_void
from ordering.orders
inner join ordering.payments as payment on payment.order_id = orders.id
where orders.id = @order_id;

-- name: OrdersToNudge :many
-- Orders after one whose fulfilment should have heard of something and has not: a shipment that was
-- packed and has no label, that was sent off and is not shipped, or that was cancelled and whose
-- label was not given back, or after which nobody has begun to set free what is left of the payment.
select distinct shipment.order_id
from ordering.shipments as shipment
inner join ordering.orders on orders.id = shipment.order_id
inner join ordering.payments as payment on payment.order_id = shipment.order_id
where shipment.status in ('packed', 'released', 'cancelled')
    and case shipment.status
        when 'packed' then shipment.tracking_number is null and shipment.packed_by = 'vendor'
        when 'released' then true
        else
            (shipment.tracking_number is not null and shipment.label_cancelled_at is null)
            or (
                (
                    (orders.status = 'cancelled' and payment.status in ('pending', 'authorized'))
                    or (
                        payment.method in ('card', 'wallet')
                        and payment.released_amount > 0
                        and payment.captured_amount + payment.released_amount = payment.amount
                    )
                )
                and not exists (
                    select 1
                    from ordering.payment_attempts as attempt
                    where attempt.payment_id = payment.id and attempt.operation = 'void'
                )
            )
    end
    and shipment.updated_at < now() - make_interval(secs => @older_than_seconds::float8)
    and shipment.order_id > @after
    and payment.provider <> 'history'
order by shipment.order_id
limit @most;

-- name: ReceiveWebhook :one
-- True when this message has been acted on before: it is told again until it is answered.
insert into ordering.webhook_receipts (source, event_id, payload)
values (@source, @event_id, @payload)
on conflict (source, event_id) do update set source = excluded.source
returning (handled_at is not null)::boolean as handled;

-- name: WebhookHandled :exec
update ordering.webhook_receipts set handled_at = now() where source = @source and event_id = @event_id;

-- name: RequestCancellation :exec
-- Notes that an order that is being checked out shall be cancelled, once.
with requested as (
    update ordering.orders
    set
        cancel_request = @reason::text,
        cancel_requested_at = now()
    where orders.id = @order_id and orders.cancel_request is null
    returning orders.id
)

insert into ordering.order_events (order_id, type, data)
select requested.id, 'order.cancel_requested', jsonb_build_object('reason', @reason::text)
from requested;

-- name: OrdersToCancel :many
-- Orders after one whose cancellation was asked for a while ago and that are not cancelled.
select id
from ordering.orders
where cancel_request is not null
    and status = 'pending'
    and cancel_requested_at < now() - make_interval(secs => @older_than_seconds::float8)
    and id > @after
order by id
limit @most;

-- name: LinesToGiveBack :many
-- The lines of an order that arrived, with what was paid for them and what came back already.
select
    item.id,
    item.item_id,
    item.vendor_id,
    item.qty,
    item.total_price,
    item.returned_qty,
    sent.tax_amount,
    shipment.delivered_at,
    coalesce(refunded.qty, 0)::bigint as refunded_qty,
    coalesce(refunded.amount, 0)::numeric(18, 2) as refunded_amount,
    coalesce(refunded.tax_amount, 0)::numeric(18, 2) as refunded_tax,
    coalesce(coming.qty, 0)::bigint as coming_qty
from ordering.shipments as shipment
inner join ordering.shipment_items as sent on sent.shipment_id = shipment.id
inner join ordering.order_items as item on item.id = sent.order_item_id
left join lateral (
    select sum(back.qty) as qty, sum(back.amount) as amount, sum(back.tax_amount) as tax_amount
    from ordering.refund_items as back
    inner join ordering.refunds as refund on refund.id = back.refund_id
    where back.order_item_id = item.id and refund.status <> 'failed'
) as refunded on true
left join lateral (
    select sum(back.qty) as qty
    from ordering.return_items as back
    inner join ordering.returns as of_it on of_it.id = back.return_id
    where back.order_item_id = item.id
        and back.received_at is null
        and of_it.status = 'requested'
) as coming on true
where shipment.order_id = @order_id and shipment.status = 'delivered'
order by item.line_no;

-- name: ShippingToGiveBack :one
-- What was paid for sending what arrived, and what was given back of it; and whether anything of the
-- order is still to come.
select
    (
        select coalesce(sum(shipping_amount), 0)
        from ordering.shipments
        where shipments.order_id = @order_id and status = 'delivered'
    )::numeric(18, 2) as paid,
    (
        select coalesce(sum(refund.shipping_amount), 0)
        from ordering.refunds as refund
        left join ordering.shipments as shipment on shipment.id = refund.shipment_id
        where refund.order_id = @order_id
            and refund.status <> 'failed'
            and (shipment.id is null or shipment.status = 'delivered')
    )::numeric(18, 2) as refunded,
    exists (
        select 1
        from ordering.shipments
        where shipments.order_id = @order_id
            and status in ('pending', 'packed', 'released', 'shipped')
    ) as under_way;

-- name: AddRefund :exec
insert into ordering.refunds (
    id, order_id, reason, amount, currency, shipping_amount, return_id, requested_by
) values (
    @id, @order_id, @reason, @amount, @currency, @shipping_amount, sqlc.narg(return_id), @requested_by
);

-- name: AddRefundItems :copyfrom
insert into ordering.refund_items (refund_id, order_item_id, qty, amount, tax_amount, restocked)
values ($1, $2, $3, $4, $5, $6);

-- name: TellOrder :exec
insert into ordering.order_events (order_id, type, data) values (@order_id, @type, @data);

-- name: TakeBack :exec
select
    ordering.take_back(
        @order_id, @order_item_ids::bigint [], @quantities::bigint [], @restock, @reason
    );

-- name: FollowReturns :one
select ordering.follow_returns(@order_id)::text as status;

-- name: Refund :one
select refund.*, payment.provider
from ordering.refunds as refund
inner join ordering.payments as payment on payment.order_id = refund.order_id
where refund.id = @id;

-- name: CompleteRefund :exec
select ordering.complete_refund(@id);

-- name: FailRefund :exec
select ordering.fail_refund(@id, @failure);

-- name: RetryRefund :one
-- The id of the refund that is asked for instead of one that has failed; zero when that has not.
select
    coalesce(
        ordering.retry_refund(@id, @retry_id, @requested_by), '00000000-0000-0000-0000-000000000000'
    )::uuid as retry_id;

-- name: RefundsToPay :many
-- Refunds after one that a workflow should be working on.
select refund.id
from ordering.refunds as refund
where refund.status = 'pending'
    and refund.created_at < now() - make_interval(secs => @older_than_seconds::float8)
    and refund.id > @after
order by refund.id
limit @most;

-- name: ListRefunds :many
-- Of an order, newest first by id, which is a UUIDv7: before is the last id of the page before.
select refund.id, ordering.refund_document(refund)::jsonb as document
from ordering.refunds as refund
where refund.order_id = @order_id
    and (sqlc.narg(before)::uuid is null or refund.id < sqlc.narg(before))
order by refund.id desc
limit @page;

-- name: RefundByID :one
-- A refund of whichever customer, unless they are named: then no other's.
select ordering.refund_document(refund)::jsonb as document
from ordering.refunds as refund
inner join ordering.orders on orders.id = refund.order_id
where refund.id = @id
    and (sqlc.narg(customer_id)::bigint is null or orders.customer_id = sqlc.narg(customer_id));

-- name: AddReturn :exec
insert into ordering.returns (id, order_id, reason, requested_by)
values (@id, @order_id, @reason, @requested_by);

-- name: AddReturnItems :copyfrom
insert into ordering.return_items (return_id, order_item_id, vendor_id, qty)
values ($1, $2, $3, $4);

-- name: ReturnToReceive :one
select *
from ordering.returns
where id = @id and order_id = @order_id;

-- name: ReturnItems :many
select item.item_id, back.*
from ordering.return_items as back
inner join ordering.order_items as item on item.id = back.order_item_id
where back.return_id = @return_id
order by item.line_no;

-- name: RefundedOfReturn :many
-- What was given back for the goods of a return, whatever became of it.
select amount
from ordering.refunds
where return_id = @return_id::uuid;

-- name: ReceiveReturnItem :exec
update ordering.return_items
set
    received_at = now(),
    restocked = @restocked::boolean
where return_id = @return_id and order_item_id = @order_item_id;

-- name: EndReturn :exec
update ordering.returns
set
    status = @status,
    rejected_because = sqlc.narg(rejected_because)
where id = @id;

-- name: ListReturns :many
-- Of an order, newest first by id, which is a UUIDv7: before is the last id of the page before.
select coming.id, ordering.return_document(coming, null)::jsonb as document
from ordering.returns as coming
where coming.order_id = @order_id
    and (sqlc.narg(before)::uuid is null or coming.id < sqlc.narg(before))
order by coming.id desc
limit @page;

-- name: ListVendorReturns :many
-- Those with lines of a vendor, as the vendor sees them, newest first by id.
select coming.id, shown.document::jsonb as document
from ordering.returns as coming
cross join lateral ordering.return_document(coming, @vendor_id::bigint) as shown (document)
where exists (
        select
        from ordering.return_items as back
        where back.return_id = coming.id
            and back.vendor_id = @vendor_id::bigint
            -- Most have been received: those are left out before their document is made.
            and (back.received_at is null or sqlc.narg(status)::text is distinct from 'requested')
    )
    and (sqlc.narg(status)::text is null or shown.document ->> 'status' = sqlc.narg(status))
    and (sqlc.narg(before)::uuid is null or coming.id < sqlc.narg(before))
order by coming.id desc
limit @page;

-- name: ReturnByID :one
-- A return of whichever customer and vendor, unless they are named: then no other's. A vendor sees
-- their own lines.
select ordering.return_document(coming, sqlc.narg(vendor_id)::bigint)::jsonb as document
from ordering.returns as coming
inner join ordering.orders on orders.id = coming.order_id
where coming.id = @id
    and (sqlc.narg(customer_id)::bigint is null or orders.customer_id = sqlc.narg(customer_id))
    and (
        sqlc.narg(vendor_id)::bigint is null
        or exists (
            select
            from ordering.return_items as back
            where back.return_id = coming.id and back.vendor_id = sqlc.narg(vendor_id)
        )
    );

-- name: ClaimKey :one
-- Null when this call has the key, else what became of the first claim.
select
    ordering.claim_key(@scope, @key, @operation, @request_hash, @made_id)::jsonb as earlier;

-- name: AnswerKey :exec
update ordering.idempotency_keys
set
    response_status = @response_status::integer,
    response = @response,
    completed_at = now()
where scope = @scope and key = @key;

-- name: ListShipments :many
-- For vendors and operators, newest first by id. What a vendor needs to send a parcel is shown, the
-- customer's e-mail address is not.
select
    shipment.id,
    jsonb_build_object(
        'id', shipment.id, 'order_id', shipment.order_id, 'vendor_id', shipment.vendor_id,
        'status', shipment.status, 'carrier', shipment.carrier,
        'tracking_number', shipment.tracking_number, 'label_url', shipment.label_url,
        'cancel_reason', shipment.cancel_reason, 'ship_to', jsonb_build_object(
            'name', customer.first_name || ' ' || customer.last_name,
            'line1', coalesce(orders.shipping_address ->> 'line1', ''),
            'city', coalesce(orders.shipping_address ->> 'city', ''),
            'country', coalesce(orders.shipping_address ->> 'country', ''),
            'postal_code', coalesce(orders.shipping_address ->> 'postal_code', '')
        ),
        'created_at', shipment.created_at, 'packed_at', shipment.packed_at,
        'released_at', shipment.released_at, 'shipped_at', shipment.shipped_at,
        'delivered_at', shipment.delivered_at, 'cancelled_at', shipment.cancelled_at,
        'items', (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'item_id', item.item_id, 'item_name', product.item_name, 'qty', sent.qty,
                        'unit_price', item.unit_price, 'total_price', item.total_price
                    )
                    order by item.line_no
                )
            from ordering.shipment_items as sent
            inner join ordering.order_items as item on item.id = sent.order_item_id
            inner join catalog.products as product on product.id = item.item_id
            where sent.shipment_id = shipment.id
        )
    )::jsonb as document
from ordering.shipments as shipment
inner join ordering.orders as orders on orders.id = shipment.order_id
inner join identity.customers as customer on customer.id = orders.customer_id
where (sqlc.narg(vendor_id)::bigint is null or shipment.vendor_id = sqlc.narg(vendor_id))
    and (sqlc.narg(chosen)::uuid is null or shipment.id = sqlc.narg(chosen))
    and (sqlc.narg(status)::text is null or shipment.status = sqlc.narg(status))
    and (sqlc.narg(before)::uuid is null or shipment.id < sqlc.narg(before))
order by shipment.id desc
limit @page;

-- name: ListVendorOrders :many
-- Orders that hold lines of a vendor, newest first by id, with these lines and no others. Those that
-- were never sold are the shop's business.
select
    orders.id,
    jsonb_build_object(
        'id', orders.id, 'order_date', orders.order_date, 'status', orders.status,
        'channel', orders.channel, 'currency', orders.currency,
        'ship_to', jsonb_build_object(
            'name', customer.first_name || ' ' || customer.last_name,
            'line1', coalesce(orders.shipping_address ->> 'line1', ''),
            'city', coalesce(orders.shipping_address ->> 'city', ''),
            'country', coalesce(orders.shipping_address ->> 'country', ''),
            'postal_code', coalesce(orders.shipping_address ->> 'postal_code', '')
        ),
        'shipment', (
            select
                jsonb_build_object(
                    'id', shipment.id, 'status', shipment.status,
                    'tracking_number', shipment.tracking_number
                )
            from ordering.shipments as shipment
            where shipment.order_id = orders.id and shipment.vendor_id = @vendor_id
        ),
        'revenue', (
            select sum(item.total_price)
            from ordering.order_items as item
            where item.order_id = orders.id and item.vendor_id = @vendor_id
        ),
        'items', (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'item_id', item.item_id, 'vendor_id', item.vendor_id, 'qty', item.qty,
                        'unit_price', item.unit_price, 'unit_cost', item.unit_cost,
                        'discount_percent', item.discount_percent,
                        'discount_amount', item.discount_amount, 'total_price', item.total_price,
                        'returned_qty', item.returned_qty, 'created_at', item.created_at
                    )
                    order by item.line_no
                )
            from ordering.order_items as item
            where item.order_id = orders.id and item.vendor_id = @vendor_id
        )
    )::jsonb as document
from ordering.orders as orders
inner join identity.customers as customer on customer.id = orders.customer_id
where orders.id in (select order_id from ordering.order_items where vendor_id = @vendor_id)
    and orders.confirmed_at is not null
    and (sqlc.narg(status)::text is null or orders.status = sqlc.narg(status))
    and (sqlc.narg(before)::uuid is null or orders.id < sqlc.narg(before))
order by orders.id desc
limit @page;

-- name: ReturnOrder :one
select order_id from ordering.returns where id = @id;

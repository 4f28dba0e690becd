-- name: TimelineSubject :one
-- Whose an order is, and whether a vendor has lines in it.
select
    orders.customer_id,
    orders.status,
    payment.provider = 'history' as imported,
    payment.status as payment,
    exists (
        select
        from ordering.order_items
        where order_id = orders.id and vendor_id = sqlc.narg(vendor_id)::bigint
    ) as sells
from ordering.orders
inner join ordering.payments as payment on payment.order_id = orders.id
where orders.id = @id;

-- name: Timeline :many
-- What happened to an order, oldest first. audience is admin, who sees everything; customer, who
-- sees what the shop would tell them; or vendor, who sees the parcels and returns of vendor_id and
-- when the order was sold or cancelled. The last three arguments are the last item of the page before.
with asked as (
    select
        sqlc.arg(order_id)::uuid as order_id,
        sqlc.arg(audience)::text as audience,
        sqlc.narg(vendor_id)::bigint as vendor_id
),

entries as (
    select
        event.occurred_at as at,
        'event' as kind,
        lpad(event.id::text, 20, '0') as id,
        event.type as type,
        case
            when asked.audience = 'vendor'
                then coalesce(ordering.event_data_for(event.data, asked.vendor_id), '{}')
            else event.data
        end as data
    from ordering.order_events as event
    cross join asked
    where event.order_id = asked.order_id
        and case asked.audience
            when 'admin' then true
            when 'customer' then event.type <> 'order.reserved'
            else event.type in ('order.confirmed', 'order.cancelled')
                or ordering.event_data_for(event.data, asked.vendor_id) is not null
        end
    union all
    select
        moved.occurred_at,
        'stock',
        lpad(moved.id::text, 20, '0'),
        'stock.' || moved.kind,
        jsonb_build_object(
            'product_id', moved.product_id, 'on_hand_delta', moved.on_hand_delta,
            'reserved_delta', moved.reserved_delta, 'reason', moved.reason
        )
    from catalog.stock_ledger as moved
    cross join asked
    where moved.reference_type = 'order'
        and moved.reference_id = asked.order_id::text
        and asked.audience = 'admin'
    union all
    select
        attempt.occurred_at,
        'payment',
        lpad(attempt.id::text, 20, '0'),
        'payment.' || attempt.operation || '_' || attempt.outcome,
        jsonb_build_object(
            'amount', attempt.amount, 'currency', attempt.currency, 'decline_code', attempt.decline_code
        )
        || case asked.audience
            when 'admin' then jsonb_build_object(
                'payment_id', attempt.payment_id, 'provider', payment.provider,
                'idempotency_key', attempt.idempotency_key
            )
            else '{}'
        end
    from ordering.payment_attempts as attempt
    inner join ordering.payments as payment on payment.id = attempt.payment_id
    cross join asked
    where payment.order_id = asked.order_id
        and case asked.audience
            when 'admin' then true
            when 'customer' then attempt.operation in ('authorize', 'capture', 'refund', 'void')
                and attempt.outcome in ('approved', 'declined')
            else false
        end
    union all
    select
        shipment.created_at,
        'shipment',
        shipment.id::text,
        'shipment.planned',
        jsonb_build_object(
            'shipment_id', shipment.id, 'vendor_id', shipment.vendor_id, 'status', shipment.status,
            'carrier', shipment.carrier, 'tracking_number', shipment.tracking_number
        )
    from ordering.shipments as shipment
    cross join asked
    where shipment.order_id = asked.order_id
        and (asked.audience <> 'vendor' or shipment.vendor_id = asked.vendor_id)
    union all
    select
        refund.created_at,
        'refund',
        refund.id::text,
        case refund.kind when 'release' then 'refund.released' else 'refund.' || refund.status end,
        jsonb_build_object(
            'refund_id', refund.id, 'kind', refund.kind, 'shipment_id', refund.shipment_id,
            'return_id', refund.return_id, 'amount', refund.amount, 'currency', refund.currency,
            'status', refund.status
        )
    from ordering.refunds as refund
    cross join asked
    where refund.order_id = asked.order_id and asked.audience <> 'vendor'
)

select
    entries.at::timestamptz as at,
    entries.kind::text as kind,
    entries.id::text as id,
    entries.type::text as type,
    entries.data::jsonb as data
from entries
where sqlc.narg(after_at)::timestamptz is null
    or (entries.at, entries.kind, entries.id)
    > (sqlc.narg(after_at)::timestamptz, sqlc.narg(after_kind)::text, sqlc.narg(after_id)::text)
order by entries.at, entries.kind, entries.id
limit @page;

-- name: WaitingOfOrder :many
-- What an order waits for; of the parcels, those of vendor_id, unless it is null. Who receives its
-- webhooks is for operators, and told last.
select waiting.*
from ordering.waiting
where waiting.order_id = @order_id::uuid
    and (waiting.kind <> 'webhook' or @audience::text = 'admin')
    and (
        sqlc.narg(vendor_id)::bigint is null
        or exists (
            select
            from ordering.shipments
            where shipments.id::text = waiting.id and shipments.vendor_id = sqlc.narg(vendor_id)
        )
    )
order by waiting.kind = 'webhook', waiting.since, waiting.kind, waiting.id;

-- name: RefundsOfOrder :many
-- The refunds of an order that a workflow pays, oldest first.
select id, status
from ordering.refunds
where order_id = @order_id and kind = 'refund'
order by id
limit @most;

-- name: WebhooksOfOrder :many
-- The endpoints that are to be told something of an order.
select distinct endpoint_id
from ordering.webhook_deliveries
where order_id = @order_id and status = 'pending';

-- name: SurplusOfOrder :one
-- Whether more money has arrived for a decided order than it has taken.
select exists (
    select
    from ordering.waiting
    where order_id = @order_id::uuid and kind = 'transfer' and limited_by = 'payment'
) as surplus;

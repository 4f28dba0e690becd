-- +goose Up
-- Whom the shop tells of the events of orders: vendors of their own, operators of all. And what is
-- not over.

-- secret signs what is sent; after a rotation the one before signs as well, until it ends.
-- failing_since is the first of the failures since the last success.
create table ordering.webhook_endpoints (
    id uuid primary key,
    vendor_id bigint, -- null: an operator's, which is told of every order
    url text not null check (length(url) between 8 and 2000),
    description text not null default '',
    event_types text[] not null default '{}', -- none: all
    secret text not null,
    previous_secret text,
    previous_secret_until timestamptz,
    is_active boolean not null default true,
    disabled_reason text check (disabled_reason in ('by_owner', 'failing')),
    failing_since timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (is_active = (disabled_reason is null)),
    check ((previous_secret is null) = (previous_secret_until is null))
);
create index webhook_endpoints_vendor_idx on ordering.webhook_endpoints (vendor_id, id);

-- One row for an endpoint and an event: what is to be sent, and how that went. Deliveries of one
-- order go out in the order of its events.
create table ordering.webhook_deliveries (
    id uuid primary key default gen_random_uuid(),
    endpoint_id uuid not null references ordering.webhook_endpoints (id) on delete cascade,
    event_id bigint not null references ordering.order_events (id),
    order_id uuid not null,
    event_type text not null,
    status text not null default 'pending' check (
        status in ('pending', 'delivered', 'failed', 'cancelled')
    ),
    attempts integer not null default 0 check (attempts >= 0),
    response_status integer,
    error text, -- the code of the last failure, never what the receiver wrote
    created_at timestamptz not null default now(),
    last_attempt_at timestamptz,
    delivered_at timestamptz,
    unique (endpoint_id, event_id),
    check ((status = 'delivered') = (delivered_at is not null))
);
create index webhook_deliveries_pending_idx on ordering.webhook_deliveries (endpoint_id, order_id, event_id)
where status = 'pending';

-- How each attempt at a delivery went, for some weeks and of the last attempts only. began_at is by the
-- clock of the database; an attempt whose outcome nobody wrote down is in no row.
create table ordering.webhook_attempts (
    delivery_id uuid not null references ordering.webhook_deliveries (id) on delete cascade,
    attempt integer not null check (attempt > 0),
    began_at timestamptz not null,
    milliseconds integer not null check (milliseconds >= 0),
    response_status integer,
    error text, -- as of the delivery; null: it was taken
    primary key (delivery_id, attempt)
);
create index webhook_attempts_began_idx on ordering.webhook_attempts (began_at);

-- An owner (a vendor; null: the operators) has at most 20 endpoints: MC070.
-- +goose StatementBegin
create function ordering.add_webhook_endpoint(
    p_id uuid, p_vendor_id bigint, p_url text, p_description text, p_event_types text[], p_secret text
) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1835365987, coalesce(p_vendor_id, 0)::integer);
    perform 1
    from ordering.webhook_endpoints
    where vendor_id is not distinct from p_vendor_id
    having count(*) >= 20;
    if found then
        raise exception 'there are 20 endpoints' using errcode = 'MC070';
    end if;
    insert into ordering.webhook_endpoints (id, vendor_id, url, description, event_types, secret)
    values (p_id, p_vendor_id, p_url, p_description, p_event_types, p_secret);
end
$$;
-- +goose StatementEnd

-- What an event tells a vendor of: all of it where it is of a part of theirs; where it is of several
-- vendors' parts (vendor_ids), that it is of theirs as well; null where it is of none of theirs.
create function ordering.event_data_for(p_data jsonb, p_vendor_id bigint) returns jsonb
language sql immutable as $$
    select
        case
            when (p_data ->> 'vendor_id')::bigint = p_vendor_id then p_data
            when p_data -> 'vendor_ids' @> to_jsonb(p_vendor_id)
                then p_data - 'vendor_ids' || jsonb_build_object('vendor_id', p_vendor_id)
        end
$$;

-- Whether an endpoint's owner may know of an event, and has asked for it. A vendor is told of their
-- own shipments and returns, and of orders with lines of theirs once those are sold.
create function ordering.webhook_wants(
    p_endpoint ordering.webhook_endpoints, p_event ordering.order_events
) returns boolean
language sql stable as $$
    select
        (p_endpoint.event_types = '{}' or p_event.type = any(p_endpoint.event_types))
        and p_event.occurred_at >= p_endpoint.created_at
        and (
            p_endpoint.vendor_id is null
            or ordering.event_data_for(p_event.data, p_endpoint.vendor_id) is not null
            or (
                p_event.type in (
                    'order.confirmed', 'order.shipped', 'order.delivered', 'order.cancelled', 'order.returned'
                )
                and exists (
                    select
                    from ordering.order_items as line
                    inner join ordering.orders on orders.id = line.order_id
                    where line.order_id = p_event.order_id
                        and line.vendor_id = p_endpoint.vendor_id
                        and orders.confirmed_at is not null
                )
            )
        )
$$;

-- What is sent: the event, its order, and the lines that the endpoint's owner may see. A vendor is
-- shown no amount of the whole order.
create function ordering.webhook_payload(p_delivery_id uuid) returns jsonb
language sql stable as $$
    select
        jsonb_build_object(
            'id', 'evt_' || event.id,
            'type', event.type,
            'occurred_at', ordering.rfc3339(event.occurred_at),
            'data', case
                when endpoint.vendor_id is null then event.data
                else coalesce(ordering.event_data_for(event.data, endpoint.vendor_id), '{}')
            end
            || jsonb_build_object(
                'order_id', event.order_id,
                'lines', (
                    select
                        coalesce(
                            jsonb_agg(
                                jsonb_build_object(
                                    'item_id', line.item_id, 'vendor_id', line.vendor_id, 'qty', line.qty,
                                    'unit_price', line.unit_price::text, 'total_price', line.total_price::text
                                )
                                order by line.line_no
                            ),
                            '[]'
                        )
                    from ordering.order_items as line
                    where line.order_id = event.order_id
                        and line.vendor_id = coalesce(endpoint.vendor_id, line.vendor_id)
                )
            )
        )
    from ordering.webhook_deliveries as delivery
    inner join ordering.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
    inner join ordering.order_events as event on event.id = delivery.event_id
    where delivery.id = p_delivery_id
$$;

-- Everything that is not over: what it waits for, since when, and the limit of settings.Limits that
-- it has to keep. Orders of an imported history never wait. An import of products has no order.
create view ordering.waiting as
with open_orders as (
    select orders.*
    from ordering.orders
    inner join ordering.payments as payment on payment.order_id = orders.id
    where orders.status in ('pending', 'confirmed', 'shipped') and payment.provider <> 'history'
)

select
    case payment_method when 'bank_transfer' then 'transfer' else 'order' end as kind,
    id::text as id,
    id as order_id,
    status,
    created_at as since,
    case payment_method when 'bank_transfer' then 'the bank transfer' else 'its checkout' end as waits_for,
    case payment_method when 'bank_transfer' then 'transfer' else 'pending' end as limited_by
from open_orders
where status = 'pending'
union all
select 'order', id::text, id, status, confirmed_at, 'its shipments', 'pending'
from open_orders
where status = 'confirmed'
    and not exists (select from ordering.shipments where shipments.order_id = open_orders.id)
union all
select
    case shipment.status when 'shipped' then 'delivery' else 'shipment' end,
    shipment.id::text,
    shipment.order_id,
    shipment.status,
    coalesce(shipment.shipped_at, shipment.released_at, shipment.packed_at, shipment.created_at),
    case shipment.status
        when 'shipped' then 'the carrier to deliver it'
        when 'released' then 'its payment'
        when 'packed' then 'its label, and its vendor to send it off'
        else 'the vendor to pack it'
    end,
    case shipment.status
        when 'shipped' then 'shipped'
        when 'released' then 'payment'
        else 'confirmed'
    end
from ordering.shipments as shipment
inner join open_orders on open_orders.id = shipment.order_id
where shipment.status in ('pending', 'packed', 'released', 'shipped')
union all
select
    'refund', id::text, order_id, status, created_at, 'the payment provider to pay it back', 'refund'
from ordering.refunds
where status = 'pending'
union all
select
    'refund', failed.id::text, failed.order_id, failed.status, failed.updated_at,
    'somebody to ask for it again, or to give it back in another way', 'refund'
from ordering.refunds as failed
inner join ordering.payments as payment on payment.order_id = failed.order_id
where failed.status = 'failed'
    and payment.provider <> 'history'
    and not exists (select from ordering.refunds as retry where retry.retry_of = failed.id)
    and failed.amount <= payment.captured_amount - (
        select coalesce(sum(other.amount), 0)
        from ordering.refunds as other
        where other.order_id = failed.order_id and other.kind = 'refund' and other.status <> 'failed'
    )
union all
select
    'payment', payment.id::text, payment.order_id, payment.status, payment.updated_at,
    'the payment provider to void it', 'payment'
from ordering.payments as payment
inner join ordering.orders on orders.id = payment.order_id
where payment.status in ('pending', 'authorized')
    and payment.provider <> 'history'
    and orders.status = 'cancelled'
union all
select
    'transfer', payment.order_id::text, payment.order_id, orders.status,
    greatest(
        coalesce(orders.confirmed_at, orders.updated_at),
        (
            select max(occurred_at)
            from ordering.payment_attempts
            where payment_id = payment.id and operation = 'receive'
        )
    ),
    'the payment provider to send back what no order wants', 'payment'
from ordering.bank_transfers as transfer
inner join ordering.payments as payment on payment.id = transfer.payment_id
inner join ordering.orders on orders.id = payment.order_id
where transfer.received_amount > transfer.sent_back_amount -- by bank_transfers_open_idx
    and transfer.received_amount - transfer.sent_back_amount > payment.captured_amount
    and orders.status <> 'pending'
union all
select
    'webhook', endpoint_id::text, order_id, 'pending', min(created_at), 'the receiver of webhooks', 'webhook'
from ordering.webhook_deliveries
where status = 'pending'
group by endpoint_id, order_id
union all
select 'import', id::text, null, state, updated_at, 'a worker to take its rows', 'import'
from catalog.imports
where state in ('queued', 'running');

-- +goose Down
drop view ordering.waiting;
drop function ordering.webhook_payload;
drop function ordering.webhook_wants;
drop function ordering.event_data_for;
drop function ordering.add_webhook_endpoint;
drop table ordering.webhook_attempts;
drop table ordering.webhook_deliveries;
drop table ordering.webhook_endpoints;

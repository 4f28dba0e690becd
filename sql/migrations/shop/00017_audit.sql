-- +goose Up
-- What the audit has found, for ever, and what waits beyond its limit.
create schema audit;

-- snapshot_at is the moment that was looked at. A run is over when it is not running any more:
-- clean, with differences, or failed before it could tell.
create table audit.runs (
    id uuid primary key,
    trigger text not null check (trigger in ('manual', 'schedule', 'command')),
    state text not null check (state in ('running', 'clean', 'differences', 'failed')),
    differences bigint not null default 0 check (differences >= 0),
    error text,
    started_at timestamptz not null default clock_timestamp(),
    snapshot_at timestamptz,
    finished_at timestamptz,
    check ((state = 'running') = (finished_at is null)),
    check ((state = 'differences') = (differences > 0))
);
create index runs_started_idx on audit.runs (started_at);

-- differences is how many there are; of those, audit.differences has the first.
create table audit.results (
    run_id uuid not null references audit.runs (id) on delete cascade,
    check_name text not null,
    severity text not null check (severity in ('error', 'warn')),
    subject text not null,
    proves text not null,
    differences bigint not null check (differences >= 0),
    seconds double precision not null,
    primary key (run_id, check_name)
);

create table audit.differences (
    run_id uuid not null,
    check_name text not null,
    position integer not null,
    subject_id text not null,
    details jsonb not null,
    primary key (run_id, check_name, position),
    foreign key (run_id, check_name) references audit.results (run_id, check_name) on delete cascade
);

-- What is not over is little beside what is.
create index refunds_pending_idx on ordering.refunds (created_at) where status = 'pending';
create index shipments_under_way_idx on ordering.shipments (status, order_id)
where status in ('pending', 'packed', 'shipped');

-- The story of an order asks for its moves of stock.
create index stock_ledger_order_idx on catalog.stock_ledger (reference_id)
where reference_type = 'order';

-- Everything that is not over: what it waits for, since when, and the limit of settings.Limits that
-- it has to keep. Orders of an imported history never wait.
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
    coalesce(shipment.shipped_at, shipment.packed_at, shipment.created_at),
    case shipment.status
        when 'shipped' then 'the carrier to deliver it'
        when 'packed' then 'its label and its payment'
        else 'the vendor to pack it'
    end,
    case shipment.status when 'shipped' then 'shipped' else 'confirmed' end
from ordering.shipments as shipment
inner join open_orders on open_orders.id = shipment.order_id
where shipment.status in ('pending', 'packed', 'shipped')
union all
select
    'refund', id::text, order_id, status, created_at, 'the payment provider to pay it back', 'refund'
from ordering.refunds
where status = 'pending'
union all
select
    'payment', payment.id::text, payment.order_id, payment.status, payment.updated_at,
    'the payment provider to void it', 'payment'
from ordering.payments as payment
inner join ordering.orders on orders.id = payment.order_id
where payment.status in ('pending', 'authorized')
    and payment.provider <> 'history'
    and orders.status = 'cancelled';

-- +goose Down
drop view ordering.waiting;
drop index catalog.stock_ledger_order_idx;
drop index ordering.shipments_under_way_idx;
drop index ordering.refunds_pending_idx;
drop schema audit cascade;

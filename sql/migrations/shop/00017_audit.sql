-- +goose Up
-- What the audit has found, for ever.
create schema audit;

-- snapshot_at is the moment that was looked at, workflow_id who looks; null: the command line. A run is
-- over when it is not running any more: clean, with differences, or failed before it could tell. With
-- an error and differences, a part of it could be made.
create table audit.runs (
    id uuid primary key,
    trigger text not null check (trigger in ('manual', 'schedule', 'command')),
    state text not null check (state in ('running', 'clean', 'differences', 'failed')),
    differences bigint not null default 0 check (differences >= 0),
    error text,
    workflow_id text,
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

-- A time as the API tells it, for a JSON document that is shown as it is.
create function ordering.rfc3339(p_at timestamptz) returns text
language sql immutable parallel safe as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Begins the run that somebody asked for, unless one runs already, and gives the one that does. One
-- that has run for longer than an hour has died.
-- +goose StatementBegin
create function audit.begin_or_join(p_id uuid, p_workflow_id text) returns uuid
language plpgsql as $$
declare
    joined uuid;
begin
    perform pg_advisory_xact_lock(1835365990);
    select id into joined
    from audit.runs
    where state = 'running' and started_at > now() - interval '1 hour'
    order by started_at desc
    limit 1;
    if joined is null then
        insert into audit.runs (id, trigger, state, workflow_id)
        values (p_id, 'manual', 'running', p_workflow_id)
        returning id into joined;
    end if;
    return joined;
end
$$;
-- +goose StatementEnd

-- What is not over is little beside what is.
create index refunds_pending_idx on ordering.refunds (created_at) where status = 'pending';
create index refunds_failed_idx on ordering.refunds (order_id) where status = 'failed';
create index shipments_under_way_idx on ordering.shipments (status, order_id)
where status in ('pending', 'packed', 'released', 'shipped');

-- The story of an order asks for its moves of stock.
create index stock_ledger_order_idx on catalog.stock_ledger (reference_id)
where reference_type = 'order';

-- +goose Down
drop index catalog.stock_ledger_order_idx;
drop index ordering.shipments_under_way_idx;
drop index ordering.refunds_failed_idx;
drop index ordering.refunds_pending_idx;
drop function ordering.rfc3339;
drop schema audit cascade;

-- name: ExportSnapshot :one
-- Other transactions may read under the exported snapshot while this one lives. The number of
-- the database system says which history the snapshot's transaction ids belong to.
select
    pg_export_snapshot()::text as exported,
    pg_current_snapshot()::text as snapshot,
    statement_timestamp()::timestamptz as taken_at,
    (select s.system_identifier from pg_control_system() as s)::bigint as system_id;

-- name: SetLakeDays :exec
-- The days that the queries of sql/sources read, until the transaction ends.
select
    set_config('lake.from', sqlc.arg(from_instant)::text, true),
    set_config('lake.to', sqlc.arg(to_instant)::text, true);

-- name: SetLakeBlocks :exec
-- The blocks of a table that the queries of sql/sources read, until the transaction ends.
select
    set_config('lake.first', sqlc.arg(first)::text, true),
    set_config('lake.end', sqlc.arg(beyond)::text, true);

-- name: TableBlocks :one
-- How many blocks a table has. Rows that a snapshot sees lie in no later one.
select (pg_relation_size(sqlc.arg(table_name)::text::regclass) / current_setting('block_size')::bigint)::bigint;

-- name: ChangedOrderDays :many
-- Days of orders of which anything was written by a transaction that the baseline did not see.
with changed as (
    select o.id
    from ordering.orders as o
    where o.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(o.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select i.order_id
    from ordering.order_items as i
    where i.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(i.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select p.order_id
    from ordering.payments as p
    where p.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(p.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select s.order_id
    from ordering.shipments as s
    where s.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(s.xid, sqlc.arg(baseline)::text::pg_snapshot)
)

select distinct (o.order_date at time zone 'UTC')::date as day
from changed
inner join ordering.orders as o on o.id = changed.id
order by day;

-- name: ChangedRefundDays :many
select distinct (r.created_at at time zone 'UTC')::date as day
from ordering.refunds as r
where r.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(r.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedCartDays :many
select distinct (c.created_at at time zone 'UTC')::date as day
from ordering.carts as c
where c.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(c.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedEventDays :many
select (e.occurred_at at time zone 'UTC')::date as day
from ordering.order_events as e
where e.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(e.xid, sqlc.arg(baseline)::text::pg_snapshot)
union
select (a.occurred_at at time zone 'UTC')::date as day
from ordering.payment_attempts as a
where a.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(a.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedStockDays :many
-- A change that counts for an earlier day moves the balances of every day since: all of them
-- have changed.
select generate_series(
    min((l.occurred_at at time zone 'UTC')::date)::timestamp,
    greatest(
        (select max(a.occurred_at) at time zone 'UTC' from catalog.stock_ledger as a),
        now() at time zone 'UTC'
    ),
    interval '1 day'
)::date as day
from catalog.stock_ledger as l
where l.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(l.xid, sqlc.arg(baseline)::text::pg_snapshot);

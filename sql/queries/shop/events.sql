-- name: HoldReader :exec
-- One process reads at a time: this waits until the connection of the one before is gone.
select pg_advisory_lock(1835365986, hashtext(sqlc.arg(reader)::text));

-- name: StartReader :one
-- The snapshot a reader has come to. One that is new, or whose mark comes from another database
-- system (whose transactions were counted differently), begins before all events.
insert into ordering.event_readers as mark (name, system_id, snapshot)
select sqlc.arg(reader)::text, system_identifier, '1:1:'::pg_snapshot
from pg_control_system()
on conflict (name) do update
set
    snapshot = case
        when mark.system_id = excluded.system_id then mark.snapshot else excluded.snapshot
    end,
    system_id = excluded.system_id,
    updated_at = now()
returning snapshot::text as snapshot;

-- name: ConfirmedSince :one
-- The orders confirmed by transactions that ended after a snapshot, and the snapshot to ask with
-- the next time. Transactions that the snapshot saw running, and those that began later, are all
-- there is to look at: this neither misses one that commits late nor waits for strangers.
select
    pg_current_snapshot()::text as snapshot,
    array(
        select event.order_id
        from ordering.order_events as event
        where (
            event.xid >= pg_snapshot_xmax(sqlc.arg(since)::text::pg_snapshot)
            or event.xid = any(ordering.running_in(sqlc.arg(since)::text))
        )
            and event.type = 'order.confirmed'
            and exists (
                select 1
                from ordering.orders
                where orders.id = event.order_id and orders.status = 'confirmed'
            )
        order by event.id
    )::uuid [] as orders;

-- name: MarkReader :exec
update ordering.event_readers
set
    snapshot = sqlc.arg(snapshot)::text::pg_snapshot,
    updated_at = now()
where name = sqlc.arg(reader)::text;


-- name: Mark :one
-- Every published day shows the shop as of this snapshot or a later one.
select snapshot::text as snapshot, system_id
from warehouse.mark;

-- name: OpenStaging :one
select staging.open(sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer)::text;

-- name: SweepStaging :one
select staging.sweep(sqlc.arg(run_id)::uuid)::integer;

-- name: StagingTotals :one
select staging.totals(
    sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer,
    sqlc.arg(columns)::text[]
)::jsonb;

-- name: LockPublishing :exec
-- One publish at a time; readers are not concerned.
select pg_advisory_xact_lock(1835365985, hashtext('warehouse.publish'));

-- name: SetLockTimeout :exec
select set_config('lock_timeout', sqlc.arg(duration)::text, true);

-- name: Published :one
select exists (
    select from warehouse.publications
    where run_id = sqlc.arg(run_id) and content = sqlc.arg(content)
);

-- name: PublishDays :one
select p.days::bigint as days, p.rows_published::bigint as rows_published
from warehouse.publish_days(
    sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer,
    sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id)::bigint, sqlc.arg(days)::integer[]
) as p;

-- name: PublishWhole :one
select p.rows_published::bigint as rows_published
from warehouse.publish_whole(
    sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer,
    sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id)::bigint, sqlc.arg(remove)::boolean
) as p;

-- name: MoveMark :exec
select warehouse.move_mark(
    sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id)::bigint,
    sqlc.narg(baseline)::text::pg_snapshot
);

-- name: RecordPublication :exec
insert into warehouse.publications (
    run_id, execution, content, interval_from, interval_to, snapshot, system_id, rows_published
)
values (
    sqlc.arg(run_id), sqlc.arg(execution), sqlc.arg(content), sqlc.arg(interval_from),
    sqlc.arg(interval_to), sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id),
    sqlc.arg(rows_published)
);

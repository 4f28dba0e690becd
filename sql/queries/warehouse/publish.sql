-- name: Mark :one
-- Every published day shows the shop as of this snapshot or a later one.
select snapshot::text as snapshot, system_id
from warehouse.mark;

-- name: OpenStaging :one
select staging.open(sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer)::text;

-- name: SweepStaging :one
-- How many tables stay because somebody reads them.
select staging.sweep(sqlc.arg(run_id)::uuid, sqlc.narg(execution)::integer)::integer;

-- name: StagedRuns :many
select r::uuid as run_id
from staging.runs() as r;

-- name: StagingTotals :one
select warehouse.totals(
    ('staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(execution)))::regclass,
    sqlc.arg(columns)::text[], sqlc.arg(by_day)::boolean, null
)::jsonb;

-- name: PublishedTotals :one
select warehouse.totals(
    ('warehouse.' || sqlc.arg(table_name)::text)::regclass, sqlc.arg(columns)::text[], true,
    sqlc.arg(days)::integer[]
)::jsonb;

-- name: IsStaged :one
select (to_regclass(
    'staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(execution))
) is not null)::boolean;

-- name: WholeTotals :one
select warehouse.totals(
    ('warehouse.' || sqlc.arg(table_name)::text)::regclass, sqlc.arg(columns)::text[], false, null
)::jsonb;

-- name: RecordReconciled :exec
insert into warehouse.reconciled (run_id, execution, table_name, totals)
values (sqlc.arg(run_id), sqlc.arg(execution), sqlc.arg(table_name), sqlc.arg(totals))
on conflict (run_id, execution, table_name) do update
set totals = excluded.totals;

-- name: Reconciled :one
select totals
from warehouse.reconciled
where run_id = sqlc.arg(run_id)
    and execution = sqlc.arg(execution)
    and table_name = sqlc.arg(table_name);

-- name: LockPublishing :exec
-- One publish at a time; readers are not concerned.
select pg_advisory_xact_lock(1835365985, hashtext('warehouse.publish'));

-- name: SetLockTimeout :exec
select set_config('lock_timeout', sqlc.arg(duration)::text, true);

-- name: LastPublication :one
select execution, rows_published, days_placed, days_kept
from warehouse.publications
where run_id = sqlc.arg(run_id) and rolled_back_at is null
order by execution desc
limit 1;

-- name: Standing :one
-- Of the days of a table, those that a newer snapshot has published and those that stand already
-- as this content of the run.
select
    coalesce(array_agg(v.date_id) filter (
        where not warehouse.may_replace(
            v, sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id), sqlc.narg(as_of)::date
        )
    ), '{}')::integer[] as newer,
    coalesce(array_agg(v.date_id) filter (
        where v.run_id = sqlc.arg(run_id) and v.content = sqlc.arg(content)
    ), '{}')::integer[] as same
from warehouse.versions as v
where v.table_name = sqlc.arg(table_name) and v.date_id = any(sqlc.arg(days)::integer[]);

-- name: PlaceDays :one
select warehouse.place_days(
    sqlc.arg(table_name)::text,
    ('staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(execution)))::regclass,
    sqlc.arg(days)::integer[]
)::bigint;

-- name: PlaceWhole :one
select p.changed::bigint as changed, p.standing::bigint as standing, p.strange::bigint as strange
from warehouse.place_whole(
    sqlc.arg(table_name)::text,
    ('staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(execution)))::regclass,
    sqlc.arg(remove)::boolean
) as p;

-- name: RecordVersions :exec
select warehouse.record_versions(
    sqlc.arg(table_name)::text, sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer,
    sqlc.arg(content)::text, sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id)::bigint,
    sqlc.arg(interval_to)::date, sqlc.arg(days)::integer[]
);

-- name: CheckSystem :exec
select warehouse.check_system(sqlc.arg(system_id)::bigint);

-- name: MoveMark :exec
select warehouse.move_mark(
    sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id)::bigint,
    sqlc.narg(baseline)::text::pg_snapshot
);

-- name: RecordPublication :exec
insert into warehouse.publications (
    run_id, execution, interval_from, interval_to, snapshot, system_id, rows_published, days_placed,
    days_kept, mark_before, mark_before_system
)
values (
    sqlc.arg(run_id), sqlc.arg(execution), sqlc.arg(interval_from), sqlc.arg(interval_to),
    sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id), sqlc.arg(rows_published),
    sqlc.arg(days_placed), sqlc.arg(days_kept), sqlc.narg(mark_before)::text::pg_snapshot,
    sqlc.narg(mark_before_system)::bigint
);

-- name: History :many
-- What will stand of a table before a day once a run is published, and is not the run's own: all but
-- the days of the run that it may replace.
select v.date_id, v.run_id, v.execution, v.content
from warehouse.versions as v
where v.table_name = sqlc.arg(table_name)
    and v.date_id < sqlc.arg(before)::integer
    and (
        v.date_id <> all(sqlc.arg(own_days)::integer[])
        or not warehouse.may_replace(v, sqlc.arg(snapshot)::text::pg_snapshot, sqlc.arg(system_id), null)
    )
order by v.date_id;

-- name: DaysStanding :one
-- How many days of these tables stand from a day to another, which is not counted.
select count(*)
from warehouse.versions
where table_name = any(sqlc.arg(tables)::text[])
    and date_id >= sqlc.arg(first)::integer
    and date_id < sqlc.arg(beyond)::integer;

-- name: StandingOfOthers :many
-- Of these tables that show a day those that stand as another run has published them, and the day.
select v.table_name, (v.interval_to - 1)::date as shows
from warehouse.versions as v
where v.table_name = any(sqlc.arg(tables)::text[])
    and v.date_id = 0
    and v.run_id <> sqlc.arg(run_id)
order by v.interval_to, v.table_name;

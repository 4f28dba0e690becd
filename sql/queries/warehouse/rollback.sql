-- name: StandingPublications :many
-- Publishes that have not been undone, the latest first.
select number, run_id, execution, published_at, (forgotten_at is not null)::boolean as forgotten
from warehouse.publications
where rolled_back_at is null
order by number desc;

-- name: BeforePublications :many
select
    b.table_name::text as table_name,
    b.date_id::integer as date_id,
    b.run_id,
    b.execution
from warehouse.before_publications(sqlc.arg(numbers)::bigint[]) as b
order by b.table_name, b.date_id;

-- name: KeepStaged :exec
select staging.keep(
    ('staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(source)))::regclass,
    ('staging.' || staging.name_of(sqlc.arg(table_name), sqlc.arg(run_id), sqlc.arg(execution)))::regclass,
    sqlc.arg(days)::integer[]
);

-- name: UndoPublications :exec
select warehouse.undo_publications(
    sqlc.arg(numbers)::bigint[], sqlc.arg(run_id)::uuid, sqlc.arg(execution)::integer
);

-- name: RolledBackBy :many
-- The publishes that an execution has undone, the latest first.
select number, run_id
from warehouse.publications
where rolled_back_by = sqlc.arg(run_id) and rolled_back_execution = sqlc.arg(execution)::integer
order by number desc;

-- name: ForgetPublications :exec
select warehouse.forget_publications(
    sqlc.arg(versions)::integer, sqlc.arg(since)::timestamptz, sqlc.arg(busy)::uuid[],
    sqlc.arg(at)::timestamptz
);

-- name: UnknownRuns :many
-- Those of the runs that have never published here.
select r.id::uuid as id
from unnest(sqlc.arg(ids)::uuid[]) as r (id)
where not exists (select from warehouse.publications as p where p.run_id = r.id)
order by id;

-- name: ForgottenAt :one
select count(*)
from warehouse.publications
where forgotten_at = sqlc.arg(at)::timestamptz;

-- name: KeptVersions :many
select
    v.table_name::text as table_name,
    v.run_id::uuid as run_id,
    v.execution::integer as execution
from warehouse.kept_versions as v
order by table_name, run_id, execution;

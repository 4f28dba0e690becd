-- name: CreateImport :exec
insert into catalog.imports (id, vendor_id, dry_run, bytes)
values (sqlc.arg(id), sqlc.narg(vendor_id), sqlc.arg(dry_run), 0);

-- name: AddImportPart :exec
insert into catalog.import_parts (import_id, start, content)
values (sqlc.arg(import_id), sqlc.arg(start), sqlc.arg(content));

-- name: CloseImportFile :exec
update catalog.imports
set bytes = sqlc.arg(bytes)
where id = sqlc.arg(id);

-- name: GetImport :one
select *
from catalog.imports
where id = sqlc.arg(id)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id));

-- name: ListImports :many
select *
from catalog.imports
where (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (sqlc.narg(before_id)::uuid is null or id < sqlc.narg(before_id))
order by id desc
limit sqlc.arg(row_limit);

-- name: ListImportErrors :many
select *
from catalog.import_errors
where import_id = sqlc.arg(import_id)
    and (
        sqlc.narg(after_line)::bigint is null
        or (line, field, message) > (sqlc.narg(after_line), sqlc.narg(after_field)::text, sqlc.narg(after_message)::text)
    )
order by line, field, message
limit sqlc.arg(row_limit);

-- name: ImportPart :one
-- The part that holds a position of the file.
select *
from catalog.import_parts
where import_id = sqlc.arg(import_id) and start <= sqlc.arg(position)::bigint
order by start desc
limit 1;

-- name: ImportBatch :exec
select
    catalog.import_batch(
        sqlc.arg(import_id)::uuid,
        sqlc.arg(from_position)::bigint,
        sqlc.arg(to_position)::bigint,
        sqlc.arg(line)::bigint,
        sqlc.arg(rows)::jsonb,
        sqlc.arg(errors)::jsonb
    );

-- name: FinishImport :exec
-- The file and the keys have served.
with ended as (
    update catalog.imports
    set
        state = sqlc.arg(state),
        error = sqlc.narg(error),
        finished_at = now()
    where id = sqlc.arg(id) and finished_at is null
    returning id
),

parts as (
    delete from catalog.import_parts
    where import_id in (select ended.id from ended)
)

delete from catalog.import_keys
where import_id in (select ended.id from ended);

-- name: ImportsToRun :many
-- Imports that a workflow should be working on.
select id
from catalog.imports
where state in ('queued', 'running')
    and id > sqlc.arg(after)
    and created_at < now() - make_interval(secs => sqlc.arg(older_than_seconds)::double precision)
order by id
limit sqlc.arg(most);

-- name: BeginImport :exec
select
    catalog.begin_import(
        sqlc.arg(id)::uuid, sqlc.narg(vendor_id)::bigint, sqlc.arg(dry_run)::boolean, sqlc.arg(most_unfinished)::bigint
    );

-- name: AddImportPart :execrows
-- No row: the import was taken away, since nothing came for too long.
with received as (
    update catalog.imports
    set
        bytes = bytes + length(sqlc.arg(content)::bytea),
        updated_at = now()
    where id = sqlc.arg(import_id) and state = 'receiving'
    returning id
)

insert into catalog.import_parts (import_id, start, content)
select received.id, sqlc.arg(start)::bigint, sqlc.arg(content)::bytea
from received;

-- name: QueueImport :execrows
update catalog.imports
set
    state = 'queued',
    updated_at = now()
where id = sqlc.arg(id) and state = 'receiving';

-- name: ForgetImport :exec
-- One whose file was not received whole.
delete from catalog.imports
where id = sqlc.arg(id) and state = 'receiving';

-- name: ForgetAbandonedImports :execrows
-- Those whose senders died, and were not there to forget them.
delete from catalog.imports
where id in (
    select imports.id
    from catalog.imports
    where imports.state = 'receiving'
        and imports.updated_at < now() - make_interval(secs => sqlc.arg(older_than_seconds)::double precision)
    order by imports.id
    limit sqlc.arg(most)
);

-- name: ForgetFinishedImports :execrows
delete from catalog.imports
where id in (
    select imports.id
    from catalog.imports
    where imports.finished_at < now() - make_interval(secs => sqlc.arg(older_than_seconds)::double precision)
    order by imports.finished_at
    limit sqlc.arg(most)
);

-- name: GetImport :one
select *
from catalog.imports
where id = sqlc.arg(id)
    and state <> 'receiving'
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id));

-- name: ListImports :many
select *
from catalog.imports
where (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and state <> 'receiving'
    and (sqlc.narg(before_id)::uuid is null or id < sqlc.narg(before_id))
order by id desc
limit sqlc.arg(row_limit);

-- name: ListImportProblems :many
-- The cursor is in the first of these batches, which may have nothing after it. Of those that follow, no more
-- are unpacked than fill the page.
with batch as (
    select
        last_line,
        problem_count,
        problems
    from catalog.import_problems
    where import_id = sqlc.arg(import_id)
        and (sqlc.narg(after_line)::bigint is null or last_line >= sqlc.narg(after_line))
    order by last_line
    limit sqlc.arg(row_limit)::integer + 1
),

counted as (
    select
        last_line,
        problems,
        sum(problem_count) over by_line - problem_count - first_value(problem_count) over by_line as between_them
    from batch
    window by_line as (order by last_line)
)

select
    (problem.value ->> 'line')::bigint as line,
    (problem.value ->> 'field')::text as field,
    (problem.value ->> 'message')::text as message
from counted
cross join lateral jsonb_array_elements(counted.problems) with ordinality as problem (value, place)
where counted.between_them < sqlc.arg(row_limit)::integer
    and (
        sqlc.narg(after_line)::bigint is null
        or ((problem.value ->> 'line')::bigint, problem.value ->> 'field', problem.value ->> 'message')
        > (sqlc.narg(after_line), sqlc.narg(after_field)::text, sqlc.narg(after_message)::text)
    )
order by counted.last_line, problem.place
limit sqlc.arg(row_limit)::integer;

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
        position = case sqlc.arg(state) when 'succeeded' then bytes else position end, -- after the last row, too
        error = sqlc.narg(error),
        finished_at = now(),
        updated_at = now()
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

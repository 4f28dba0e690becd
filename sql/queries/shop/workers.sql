-- name: AnnounceWorker :exec
-- Holds for as long as the connection lives, so a killed worker is gone at once.
select pg_advisory_lock_shared(1835365985, hashtext(sqlc.arg(task_queue)::text));

-- name: WorkersAnnounced :one
select count(distinct pid)
from pg_catalog.pg_locks
where locktype = 'advisory'
    and database = (select oid from pg_catalog.pg_database where datname = current_database())
    and classid = 1835365985
    and objid::bigint = (hashtext(sqlc.arg(task_queue)::text)::bigint & 4294967295)
    and granted;

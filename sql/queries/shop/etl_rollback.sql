-- name: BeginRollback :one
-- Has a run that has ended go on as an execution that rolls back. Asked again, after an answer that was
-- lost, it says so again. There is no row when the run is under way.
update etl.runs
set
    execution = execution + case when state = 'running' then 0 else 1 end,
    state = 'running',
    finished_at = null,
    waits_for = null,
    workflow_id = sqlc.arg(workflow_id)::text,
    execution_started_at = sqlc.arg(started_at)::timestamptz
where id = sqlc.arg(id)
    and (
        state <> 'running'
        or workflow_id = sqlc.arg(workflow_id)::text and execution_started_at = sqlc.arg(started_at)::timestamptz
    )
returning execution, interval_from, interval_to;

-- name: StateOfRun :one
select state
from etl.runs
where id = sqlc.arg(id);

-- name: EndRollback :exec
-- Ends an execution that has rolled back, or has tried to.
update etl.runs
set
    state = sqlc.arg(state)::text,
    error = sqlc.narg(error)::text,
    finished_at = sqlc.arg(finished_at)::timestamptz
where id = sqlc.arg(id) and execution = sqlc.arg(execution)::integer and state = 'running';

-- name: RolledBack :exec
-- Of runs of which nothing stands any more.
update etl.runs
set state = 'rolled_back'
where id = any(sqlc.arg(ids)::uuid[]) and state = 'succeeded';

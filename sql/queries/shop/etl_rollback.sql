-- name: BeginRollback :one
-- Has a run that has ended go on as an execution that rolls back. Asked again by the same execution of a
-- workflow it says so again. There is no row when the run is under way.
update etl.runs
set
    execution = execution + case when state = 'running' then 0 else 1 end,
    state_before = case when state = 'running' then state_before else state end,
    state = 'running',
    finished_at = null,
    waits_for = null,
    workflow_id = sqlc.arg(workflow_id)::text,
    workflow_run_id = sqlc.arg(workflow_run_id)::text,
    execution_started_at = sqlc.arg(started_at)::timestamptz
where id = sqlc.arg(id) and (state <> 'running' or workflow_run_id = sqlc.arg(workflow_run_id)::text)
returning execution, interval_from, interval_to;

-- name: RunRolledBackBy :one
-- The run that this execution of a workflow rolls back, or has rolled back, if none has begun since.
select id, execution, state, state_before
from etl.runs
where workflow_run_id = sqlc.arg(workflow_run_id)::text;

-- name: EndRollback :exec
-- Ends an execution that has rolled back, or has tried to: without a state the run is what it was before.
with ended as (
    update etl.runs
    set
        state = coalesce(sqlc.narg(state)::text, state_before),
        state_before = null,
        error = sqlc.narg(error)::text,
        finished_at = sqlc.arg(finished_at)::timestamptz
    where id = sqlc.arg(id)
        and execution = sqlc.arg(execution)::integer
        and state = 'running'
        and state_before is not null
    returning id, execution, error, finished_at
)

update etl.steps as s
set
    state = case when e.error is null then 'succeeded' else 'failed' end,
    error = e.error,
    finished_at = e.finished_at
from ended as e
where s.run_id = e.id and s.execution = e.execution and s.finished_at is null;

-- name: PublishedBy :exec
-- Of a run of which a publish was undone: the last execution whose publish stands, null for none.
update etl.runs
set published_execution = sqlc.narg(execution)::integer
where id = sqlc.arg(id);

-- name: RolledBack :exec
-- Of runs of which nothing stands any more.
update etl.runs
set state = 'rolled_back', note = null
where id = any(sqlc.arg(ids)::uuid[]) and state = 'succeeded';

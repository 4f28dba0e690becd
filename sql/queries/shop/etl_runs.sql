-- name: LockRuns :exec
-- Numbering the runs of an interval is for one at a time.
select pg_advisory_xact_lock(1835365985, hashtext('etl.runs'));

-- name: BeginRun :one
-- Says again that a run goes on when it is there already: after a retry, or for a replay. There is
-- no row when a later execution of the run has been asked for, or its files are given up.
insert into etl.runs (
    id, interval_from, interval_to, attempt, execution, scope, trigger, backfill, state, workflow_id,
    model_version, execution_started_at
)
select
    sqlc.arg(id)::uuid,
    sqlc.arg(interval_from)::date,
    sqlc.arg(interval_to)::date,
    coalesce(max(r.attempt), 0) + 1,
    sqlc.arg(execution)::integer,
    case when sqlc.arg(facts_only)::boolean then 'facts' else 'all' end,
    sqlc.arg(trigger)::text,
    sqlc.narg(backfill)::text,
    'running',
    sqlc.arg(workflow_id)::text,
    sqlc.arg(model_version)::text,
    sqlc.arg(execution_started_at)::timestamptz
from etl.runs as r
where r.interval_from = sqlc.arg(interval_from)::date
    and r.interval_to = sqlc.arg(interval_to)::date
on conflict (id) do update
set
    state = 'running',
    finished_at = null,
    error = null,
    note = null,
    execution = excluded.execution,
    execution_started_at = excluded.execution_started_at,
    workflow_id = excluded.workflow_id,
    workflow_run_id = null,
    model_version = excluded.model_version
where runs.execution <= excluded.execution and runs.pruned_at is null
returning attempt;

-- name: NextExecution :one
-- Numbers the replay after this execution. There is no row when the run is under way, when
-- somebody else has asked for a replay meanwhile, or when its files are given up.
update etl.runs
set execution = runs.execution + 1
where id = sqlc.arg(id)
    and execution = sqlc.arg(execution)
    and state <> 'running'
    and pruned_at is null
returning execution;

-- name: RenewExecution :one
-- The run goes on as its next execution. Asked again, after an answer that was lost, it says so again.
-- There is no row when the execution is not the run's own any more.
update etl.runs
set execution = sqlc.arg(execution)::integer + 1
where id = sqlc.arg(id)
    and execution in (sqlc.arg(execution)::integer, sqlc.arg(execution)::integer + 1)
    and workflow_id = sqlc.arg(workflow_id)
    and state = 'running'
returning execution;

-- name: IsCurrent :one
-- Whether this execution is under way and no later one has been asked for.
select exists (
    select from etl.runs
    where id = sqlc.arg(id) and execution = sqlc.arg(execution) and state = 'running'
);

-- name: FrozeRun :exec
update etl.runs
set
    snapshot = sqlc.arg(snapshot)::text::pg_snapshot,
    system_id = sqlc.arg(system_id),
    extracted_at = sqlc.arg(extracted_at)::timestamptz,
    days = sqlc.arg(days)
where id = sqlc.arg(id);

-- name: FinishRun :exec
update etl.runs
set
    state = sqlc.arg(state),
    error = sqlc.narg(error),
    note = sqlc.narg(note),
    rows_published = coalesce(sqlc.narg(rows_published), rows_published),
    published_execution = sqlc.narg(published_execution),
    finished_at = sqlc.arg(finished_at),
    waits_for = null
where id = sqlc.arg(id);

-- name: AbandonRun :exec
-- Ends a load that nothing carries out any more. What has become of a rollback the warehouse knows; whether
-- the load had published, its step says.
with abandoned as (
    update etl.runs
    set
        state = 'failed',
        error = sqlc.arg(error)::text,
        finished_at = now(),
        waits_for = null,
        published_execution = coalesce((
            select s.execution
            from etl.steps as s
            where s.run_id = runs.id
                and s.execution = runs.execution
                and s.step = 'publish'
                and s.state = 'succeeded'
        ), published_execution)
    where runs.id = sqlc.arg(id)
        and runs.execution = sqlc.arg(execution)
        and runs.state = 'running'
        and runs.state_before is null
    returning runs.id, runs.execution
)

update etl.steps
set state = 'failed', error = sqlc.arg(error)::text, finished_at = now()
from abandoned
where steps.run_id = abandoned.id
    and steps.execution = abandoned.execution
    and steps.finished_at is null;

-- name: RunByID :one
select *
from etl.runs
where id = sqlc.arg(id);

-- name: LatestRuns :many
select *
from etl.runs
order by started_at desc, id desc
limit sqlc.arg(most);

-- name: ListRuns :many
-- Newest first; after the run that began at before_at and has the id before_id. day is one that the
-- run loads.
select *
from etl.runs
where (sqlc.narg(state)::text is null or state = sqlc.narg(state)::text)
    and (
        sqlc.narg(day)::date is null
        or (interval_from <= sqlc.narg(day)::date and interval_to > sqlc.narg(day)::date)
    )
    and (
        sqlc.narg(before_at)::timestamptz is null
        or (started_at, id) < (sqlc.narg(before_at)::timestamptz, sqlc.narg(before_id)::uuid)
    )
order by started_at desc, id desc
limit sqlc.arg(row_limit);

-- name: RunsUnderWay :many
-- Runs that say they run, and began that long ago.
select id
from etl.runs
where state = 'running'
    and execution_started_at < now() - make_interval(secs => sqlc.arg(older_than_seconds)::double precision)
order by id;

-- name: BackfilledMonths :many
-- Of a backfill that has not come to its end, the intervals whose facts its runs have loaded with these models: since
-- the last load of everything that it has published, if it has. Of an interval the last run counts. The version of the
-- models is that of its last execution, which has made the facts if it has cleaned: not so a replay from a later step.
select loaded.interval_from, loaded.interval_to
from (
    select distinct on (r.interval_from, r.interval_to) r.*
    from etl.runs as r
    where r.backfill = sqlc.arg(backfill)::text
        and r.scope = 'facts'
        and r.published_execution is not null
        and r.started_at > coalesce((
            select max(l.started_at)
            from etl.runs as l
            where l.backfill = sqlc.arg(backfill)::text
                and l.scope = 'all'
                and (l.published_execution is not null or l.state = 'rolled_back')
        ), '-infinity')
    order by r.interval_from, r.interval_to, r.started_at desc
) as loaded
where loaded.state = 'succeeded'
    and loaded.model_version = sqlc.arg(model_version)::text
    and exists (
        select from etl.steps as s
        where s.run_id = loaded.id and s.execution = loaded.execution and s.step = 'clean'
    )
order by loaded.interval_from;

-- name: ExportSnapshot :one
-- Other transactions may read under the exported snapshot while this one lives. The number of
-- the database system says which history the snapshot's transaction ids belong to.
select
    pg_export_snapshot()::text as exported,
    pg_current_snapshot()::text as snapshot,
    (select s.system_identifier from pg_control_system() as s)::bigint as system_id;

-- name: SetLakeDays :exec
-- The days that the queries of sql/sources read, until the transaction ends.
select
    set_config('lake.from', sqlc.arg(from_instant)::text, true),
    set_config('lake.to', sqlc.arg(to_instant)::text, true);

-- name: SetLakeBlocks :exec
-- The blocks of a table that the queries of sql/sources read, until the transaction ends.
select
    set_config('lake.first', sqlc.arg(first)::text, true),
    set_config('lake.end', sqlc.arg(beyond)::text, true);

-- name: TableBlocks :one
-- How many blocks a table has. Rows that a snapshot sees lie in no later one.
select (pg_relation_size(sqlc.arg(table_name)::text::regclass) / current_setting('block_size')::bigint)::bigint;

-- name: ChangedOrderDays :many
-- Days of orders of which anything was written by a transaction that the baseline did not see.
with changed as (
    select o.id
    from ordering.orders as o
    where o.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(o.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select i.order_id
    from ordering.order_items as i
    where i.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(i.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select p.order_id
    from ordering.payments as p
    where p.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(p.xid, sqlc.arg(baseline)::text::pg_snapshot)
    union
    select s.order_id
    from ordering.shipments as s
    where s.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
        and not pg_visible_in_snapshot(s.xid, sqlc.arg(baseline)::text::pg_snapshot)
)

select distinct (o.order_date at time zone 'UTC')::date as day
from changed
inner join ordering.orders as o on o.id = changed.id
order by day;

-- name: ChangedRefundDays :many
select distinct (r.created_at at time zone 'UTC')::date as day
from ordering.refunds as r
where r.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(r.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedCartDays :many
select distinct (c.created_at at time zone 'UTC')::date as day
from ordering.carts as c
where c.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(c.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedEventDays :many
select (e.occurred_at at time zone 'UTC')::date as day
from ordering.order_events as e
where e.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(e.xid, sqlc.arg(baseline)::text::pg_snapshot)
union
select (a.occurred_at at time zone 'UTC')::date as day
from ordering.payment_attempts as a
where a.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(a.xid, sqlc.arg(baseline)::text::pg_snapshot)
order by day;

-- name: ChangedStockDays :many
-- A change that counts for an earlier day moves the balances of every day since: all of them
-- have changed.
select generate_series(
    min((l.occurred_at at time zone 'UTC')::date)::timestamp,
    greatest(
        (select max(a.occurred_at) at time zone 'UTC' from catalog.stock_ledger as a),
        now() at time zone 'UTC'
    ),
    interval '1 day'
)::date as day
from catalog.stock_ledger as l
where l.xid >= pg_snapshot_xmin(sqlc.arg(baseline)::text::pg_snapshot)
    and not pg_visible_in_snapshot(l.xid, sqlc.arg(baseline)::text::pg_snapshot);

-- name: LockRuns :exec
-- Numbering the runs of an interval is for one at a time.
select pg_advisory_xact_lock(1835365985, hashtext('etl.runs'));

-- name: BeginRun :one
-- Says again that a run goes on when it is there already: after a retry, or for a replay. There is
-- no row when a later execution of the run has been asked for, or its files are given up.
insert into etl.runs (
    id, interval_from, interval_to, attempt, execution, scope, trigger, state, workflow_id,
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
    execution = excluded.execution,
    execution_started_at = excluded.execution_started_at,
    workflow_id = excluded.workflow_id,
    model_version = excluded.model_version
where runs.execution <= excluded.execution and runs.pruned_at is null
returning attempt;

-- name: HoldRun :one
-- What keeps a run that has been recorded from its first step, null for nothing. To be asked under the
-- lock that numbers runs.
update etl.runs
set waits_for = (select m.kind || ' of ' || m.subject from etl.maintenance as m where m.ended_at is null and m.holds_runs)
where runs.id = sqlc.arg(id)
returning waits_for;

-- name: HeldNow :one
-- The maintenance that holds runs. To be asked under the lock that numbers runs.
select (m.kind || ' of ' || m.subject)::text
from etl.maintenance as m
where m.ended_at is null and m.holds_runs;

-- name: HeldSince :one
-- The last maintenance that has held runs at any time since then.
select (m.kind || ' of ' || m.subject)::text
from etl.maintenance as m
where m.holds_runs and (m.ended_at is null or m.ended_at > sqlc.arg(since)::timestamptz)
order by m.id desc
limit 1;

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

-- name: IsCurrent :one
-- Whether this execution is under way and no later one has been asked for.
select exists (
    select from etl.runs
    where id = sqlc.arg(id) and execution = sqlc.arg(execution) and state = 'running'
);

-- name: AbandonRun :exec
-- Ends a run that nothing carries out any more.
with abandoned as (
    update etl.runs
    set state = 'failed', error = sqlc.arg(error)::text, finished_at = now(), waits_for = null
    where runs.id = sqlc.arg(id) and runs.execution = sqlc.arg(execution) and runs.state = 'running'
    returning runs.id, runs.execution
)

update etl.steps
set state = 'failed', error = sqlc.arg(error)::text, finished_at = now()
from abandoned
where steps.run_id = abandoned.id
    and steps.execution = abandoned.execution
    and steps.finished_at is null;

-- name: FrozeRun :exec
update etl.runs
set snapshot = sqlc.arg(snapshot)::text::pg_snapshot, system_id = sqlc.arg(system_id)
where id = sqlc.arg(id);

-- name: FinishRun :exec
update etl.runs
set
    state = sqlc.arg(state),
    error = sqlc.narg(error),
    rows_published = coalesce(sqlc.narg(rows_published), rows_published),
    finished_at = sqlc.arg(finished_at),
    waits_for = null
where id = sqlc.arg(id);

-- name: RecordStep :exec
-- A later report of the same step replaces an earlier one; a step that has ended is not running
-- again because a report came late. The error of a try stands until a later try has ended.
insert into etl.steps (
    run_id, execution, step, table_name, state, rows_in, rows_out, rows_rejected, bytes,
    tries, error, note, started_at, finished_at
)
values (
    sqlc.arg(run_id), sqlc.arg(execution), sqlc.arg(step), sqlc.arg(table_name), sqlc.arg(state),
    sqlc.arg(rows_in), sqlc.arg(rows_out), sqlc.arg(rows_rejected), sqlc.arg(bytes),
    sqlc.arg(tries), sqlc.narg(error), sqlc.arg(note), sqlc.arg(started_at), sqlc.narg(finished_at)
)
on conflict (run_id, execution, step, table_name) do update
set
    state = excluded.state,
    rows_in = excluded.rows_in,
    rows_out = excluded.rows_out,
    rows_rejected = excluded.rows_rejected,
    bytes = excluded.bytes,
    tries = greatest(steps.tries, excluded.tries),
    error = coalesce(excluded.error, case when excluded.finished_at is null then steps.error end),
    note = excluded.note,
    started_at = case
        when excluded.finished_at is null then least(steps.started_at, excluded.started_at)
        else excluded.started_at
    end,
    finished_at = excluded.finished_at
where not (steps.finished_at is not null and excluded.finished_at is null and steps.tries >= excluded.tries);

-- name: BackfilledChunks :many
-- Of a backfill of days that has not come to its end, the intervals whose facts it has loaded: since the
-- last one that came to it, which ends with the load of last_from to last_to.
select distinct r.interval_from, r.interval_to
from etl.runs as r
where r.trigger = 'backfill'
    and r.scope = 'facts'
    and r.state = 'succeeded'
    and r.interval_from >= sqlc.arg(first)::date
    and r.interval_to <= sqlc.arg(last_from)::date
    and r.started_at > coalesce((
        select max(l.started_at)
        from etl.runs as l
        where l.trigger = 'backfill'
            and l.scope = 'all'
            and l.state = 'succeeded'
            and l.interval_from = sqlc.arg(last_from)::date
            and l.interval_to = sqlc.arg(last_to)::date
    ), '-infinity');

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

-- name: StepsOfRuns :many
-- Of each step the last execution that has it, in the order they ran.
select s.*
from etl.steps as s
where s.run_id = any(sqlc.arg(run_ids)::uuid[])
    and s.execution = (
        select max(l.execution)
        from etl.steps as l
        where l.run_id = s.run_id and l.step = s.step
    )
order by s.run_id, s.started_at, s.step, s.table_name;

-- name: RejectedSteps :many
-- Tables of which the last clean of a run has put rows in quarantine, newest run first; from the
-- table at_table of the run at_id, which began at at_time.
select
    r.id as run_id,
    r.started_at,
    s.execution,
    s.table_name
from etl.steps as s
inner join etl.runs as r on r.id = s.run_id
where s.step = 'clean'
    and s.rows_rejected > 0
    and s.execution = (
        select max(l.execution)
        from etl.steps as l
        where l.run_id = s.run_id and l.step = 'clean'
    )
    and (sqlc.narg(run_id)::uuid is null or r.id = sqlc.narg(run_id)::uuid)
    and (sqlc.narg(table_name)::text is null or s.table_name = sqlc.narg(table_name)::text)
    and (
        sqlc.narg(day)::date is null
        or (r.interval_from <= sqlc.narg(day)::date and r.interval_to > sqlc.narg(day)::date)
    )
    and (
        sqlc.narg(at_time)::timestamptz is null
        or (r.started_at, r.id) < (sqlc.narg(at_time)::timestamptz, sqlc.narg(at_id)::uuid)
        or (r.id = sqlc.narg(at_id)::uuid and s.table_name >= sqlc.narg(at_table)::text)
    )
order by r.started_at desc, r.id desc, s.table_name
limit sqlc.arg(row_limit);

-- name: RunsUnderWay :many
-- Runs that say they run, and began that long ago.
select id
from etl.runs
where state = 'running'
    and execution_started_at < now() - make_interval(secs => sqlc.arg(older_than_seconds)::double precision)
order by id;

-- name: LastLoads :many
-- Of each table of each zone the step that made it last, of a run that was published; a replay that
-- found it as it was has not made it.
select distinct on (s.step, s.table_name)
    s.step,
    s.table_name,
    s.rows_out,
    s.rows_rejected,
    s.bytes,
    s.note,
    s.finished_at::timestamptz as finished_at,
    r.id as run_id,
    r.interval_from,
    r.interval_to
from etl.steps as s
inner join etl.runs as r on r.id = s.run_id
where r.state = 'succeeded'
    and s.table_name <> ''
    and s.step in ('extract', 'clean', 'work', 'gold', 'stage')
    and s.finished_at is not null
    and s.state = 'succeeded'
order by s.step, s.table_name, s.finished_at desc;

-- name: GiveUpRuns :exec
-- Gives up the files of runs that ended before a time. From now on they are not replayed.
update etl.runs
set pruned_at = sqlc.arg(at)::timestamptz
where state <> 'running' and finished_at < sqlc.arg(before)::timestamptz and pruned_at is null;

-- name: RunsByFiles :many
-- All runs: whether their files are given up, and since when at the latest none of their executions
-- can be writing, null for one that is under way; and whether one of them has published.
select id, pruned_at, finished_at, (rows_published is not null)::boolean as published
from etl.runs;

-- name: ForgetSteps :exec
-- Of runs whose files are given up and of which nothing in the warehouse is left.
delete from etl.steps as s
using etl.runs as r
where r.id = s.run_id
    and r.pruned_at is not null
    and r.state <> 'running'
    and r.id <> all(sqlc.arg(standing)::uuid[]);

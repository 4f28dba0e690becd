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
-- Tables of which a run has put rows in quarantine, newest run first; from the table at_table of the run at_id,
-- which began at at_time. Either of all runs, by their last clean; or of those that stand on some day, see
-- etl.standing, by the last clean up to what they have published; the days are from first_days to the last_days,
-- exclusive, and none of a table copied whole. subjects says whose days those of a table are, {"orders": "orders"}.
with standing as materialized (
    select v.subject, v.run_id, v.days
    from etl.standing as v
)

select
    r.id as run_id,
    r.started_at,
    s.execution,
    s.table_name,
    array(select lower(d) from unnest(stands.days) as d where not lower_inf(d) order by d)::date[] as first_days,
    array(select upper(d) from unnest(stands.days) as d where not upper_inf(d) order by d)::date[] as last_days
from etl.steps as s
inner join etl.runs as r on r.id = s.run_id
left join standing as stands
    on stands.run_id = r.id and stands.subject = coalesce(sqlc.arg(subjects)::jsonb ->> s.table_name, '')
where s.step = 'clean'
    and s.rows_rejected > 0
    and (sqlc.arg(all_runs)::boolean or stands.run_id is not null)
    and s.execution = (
        select max(l.execution)
        from etl.steps as l
        where l.run_id = s.run_id
            and l.step = 'clean'
            and (sqlc.arg(all_runs)::boolean or l.execution <= r.published_execution)
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

-- name: LastLoads :many
-- Of each table of each zone the step that made it last, up to the last publish of a run that stands:
-- whatever a replay does since. A replay that found it as it was has not made it.
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
where s.execution <= r.published_execution
    and s.table_name <> ''
    and s.step in ('extract', 'clean', 'work', 'gold', 'stage')
    and s.finished_at is not null
    and s.state = 'succeeded'
order by s.step, s.table_name, s.finished_at desc;

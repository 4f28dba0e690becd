-- +goose Up
create schema etl;

-- A run loads the days [interval_from, interval_to). attempt counts the runs of the same interval.
-- A replay is a step list of the same run done again, so it is not a row of its own here:
-- execution is the last that was asked for, and the only one that may publish; etl.steps tells
-- the executions apart.
create table etl.runs (
    id uuid primary key,
    interval_from date not null,
    interval_to date not null,
    attempt integer not null check (attempt > 0),
    execution integer not null check (execution > 0),
    scope text not null default 'all' check (scope in ('all', 'facts')), -- facts: of a backfill, all but the last
    trigger text not null check (trigger in ('manual', 'schedule', 'backfill')),
    backfill text, -- the days of the backfill that it is part of, 2025-01-01_2025-04-01; null for others
    state text not null check (
        state in ('running', 'succeeded', 'failed', 'cancelled', 'rolled_back')
    ),
    workflow_id text not null,
    workflow_run_id text, -- Temporal's id of that one execution of the workflow, for a rollback: all have one workflow_id
    model_version text not null,
    snapshot pg_snapshot, -- what extract read under; null until it has
    system_id bigint, -- the database system the snapshot belongs to
    extracted_at timestamptz, -- when the snapshot was taken
    days jsonb, -- of each subject the days that were read under it, {"orders": "{[2026-03-01,2026-03-02)}"}
    rows_published bigint,
    published_execution integer, -- the last whose publish stands, as the warehouse said when one ended; null when none does
    error text,
    note text, -- what to know though its last execution has succeeded; null for nothing
    started_at timestamptz not null default now(),
    execution_started_at timestamptz not null,
    finished_at timestamptz,
    waits_for text, -- the maintenance that keeps the execution from its first step; null once it may begin
    state_before text, -- the state that a rollback under way has found; null when none is
    pruned_at timestamptz, -- since when its files in the lake are given up; null: they are kept
    check (interval_to > interval_from),
    check (trigger = 'backfill' or backfill is null),
    check ((state = 'running') = (finished_at is null)),
    check (coalesce(waits_for, state_before) is null or state = 'running'),
    unique (interval_from, interval_to, attempt)
);
create index runs_started_idx on etl.runs (started_at desc);

-- One row per execution, step and table ('' for a step that is about all of them).
create table etl.steps (
    run_id uuid not null references etl.runs (id) on delete cascade,
    execution integer not null check (execution > 0),
    step text not null check (
        step in ('extract', 'clean', 'work', 'gold', 'stage', 'reconcile', 'publish')
    ),
    table_name text not null default '',
    state text not null check (state in ('running', 'succeeded', 'failed', 'cancelled', 'skipped')),
    rows_in bigint not null default 0,
    rows_out bigint not null default 0,
    rows_rejected bigint not null default 0,
    bytes bigint not null default 0,
    tries integer not null default 1,
    error text, -- of the last try that failed; of a step that succeeded none
    note text not null default '', -- one line for people
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (run_id, execution, step, table_name)
);

-- The days of a subject on which what a run has loaded stands: of each day the last published run that has read
-- it. The subject '' is that of tables copied whole, of which the last run of everything stands, for all days.
-- Transaction ids order the runs of one database system, and a restored one counts anew: what was read from it is
-- later than all that was read before it.
create view etl.standing as
with loads as materialized (
    select
        r.id,
        r.scope,
        r.days,
        row_number() over (order by r.system_since, pg_snapshot_xmax(r.snapshot), r.started_at, r.id) as position
    from (
        select e.*, min(e.started_at) over (partition by e.system_id) as system_since
        from etl.runs as e
        where e.published_execution is not null
    ) as r
),

days as (
    select distinct on (s.subject, s.day) s.subject, s.day, s.run_id
    from (
        select d.subject, g.day::date as day, l.id as run_id, l.position
        from loads as l
        cross join lateral jsonb_each_text(l.days) as d (subject, spans)
        cross join lateral unnest(d.spans::datemultirange) as u (span)
        cross join lateral generate_series(lower(u.span)::timestamp, upper(u.span) - 1, interval '1 day') as g (day)
    ) as s
    order by s.subject, s.day, s.position desc
),

whole as (
    select l.id
    from loads as l
    where l.scope = 'all'
    order by l.position desc
    limit 1
)

select d.subject, d.run_id, range_agg(daterange(d.day, d.day + 1)) as days
from days as d
group by d.subject, d.run_id
union all
select '', w.id, '{(,)}'
from whole as w;

-- Work on what runs have left behind, an erasure or the removal of old runs: one at a time, and one that
-- holds_runs begins once those under way have ended and keeps others waiting until it has ended. Taken
-- under the lock that numbers runs. An erasure whose workflow was ended when half of it was done is still
-- under way here, and stopped: asked for again it goes on.
create table etl.maintenance (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('erasure', 'retention')),
    subject text not null, -- by ids only: customer 7
    holds_runs boolean not null,
    workflow_id text not null,
    began_at timestamptz not null default now(),
    taken_at timestamptz not null default now(), -- when its workflow, or one that goes on with it, took it last
    stopped text, -- why nothing carries it out any more; null while something does
    ended_at timestamptz
);
create unique index maintenance_one_at_a_time on etl.maintenance ((ended_at is null)) where ended_at is null;

-- +goose Down
drop schema etl cascade;

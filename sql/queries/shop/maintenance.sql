-- name: MaintenanceUnderWay :one
select id, kind, subject
from etl.maintenance
where ended_at is null;

-- name: BeginMaintenance :exec
insert into etl.maintenance (kind, subject, holds_runs, workflow_id)
values (sqlc.arg(kind), sqlc.arg(subject), sqlc.arg(holds_runs), sqlc.arg(workflow_id));

-- name: TakeOverMaintenance :exec
update etl.maintenance
set workflow_id = sqlc.arg(workflow_id), taken_at = now(), stopped = null
where id = sqlc.arg(id);

-- name: ListMaintenance :many
-- What is under way. What holds runs waits itself for those that had begun.
select
    m.id,
    m.kind,
    m.subject,
    m.holds_runs,
    m.workflow_id,
    m.began_at,
    m.taken_at,
    m.stopped,
    (
        select count(*)
        from etl.runs as r
        where m.holds_runs and r.state = 'running' and r.waits_for is null
    ) as runs_begun
from etl.maintenance as m
where m.ended_at is null
order by m.id;

-- name: LockMaintenance :one
-- Maintenance that is under way and that nobody has taken since it was seen. No erasure of that customer
-- makes anybody nobody until the transaction ends.
select id
from etl.maintenance
where id = sqlc.arg(id) and taken_at = sqlc.arg(taken_at) and ended_at is null
for update;

-- name: HoldErasure :one
-- The erasure that the shop is told to do, which is not given up until the transaction ends. There is no row
-- when it has been.
select id
from etl.maintenance
where kind = 'erasure' and subject = sqlc.arg(subject) and ended_at is null
for share;

-- name: LockErasure :exec
-- Waits for whoever holds the erasure; see HoldErasure.
select id
from etl.maintenance
where kind = 'erasure' and subject = sqlc.arg(subject) and ended_at is null
for update;

-- name: GiveUpMaintenance :one
-- Ends maintenance that nothing carries out any more, but not half an erasure: then held is true.
update etl.maintenance as m
set
    ended_at = case when not h.half then now() end,
    stopped = case when h.half then sqlc.arg(why_held)::text else sqlc.arg(why)::text end
from (
    select exists (
        select from etl.erasures as e
        inner join etl.maintenance as o on o.kind = 'erasure' and o.subject = 'customer ' || e.customer_id
        where o.id = sqlc.arg(id) and e.ended_at is null
    ) as half
) as h
where m.id = sqlc.arg(id)
returning (m.ended_at is null)::boolean as held;

-- name: EndMaintenance :exec
update etl.maintenance
set ended_at = now()
where kind = sqlc.arg(kind) and subject = sqlc.arg(subject) and ended_at is null;

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

-- name: RunsBegun :one
-- How many runs are under way that nothing keeps from their first step.
select count(*)
from etl.runs
where state = 'running' and waits_for is null;

-- name: MaintenanceUnderWay :one
select id, kind, subject
from etl.maintenance
where ended_at is null;

-- name: BeginMaintenance :exec
insert into etl.maintenance (kind, subject, holds_runs, workflow_id)
values (sqlc.arg(kind), sqlc.arg(subject), sqlc.arg(holds_runs), sqlc.arg(workflow_id));

-- name: TakeOverMaintenance :exec
update etl.maintenance
set workflow_id = sqlc.arg(workflow_id)
where id = sqlc.arg(id);

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

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

-- name: RunsBegun :one
-- How many runs are under way that nothing keeps from their first step.
select count(*)
from etl.runs
where state = 'running' and waits_for is null;

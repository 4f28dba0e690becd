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

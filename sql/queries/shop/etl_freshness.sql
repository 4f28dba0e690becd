-- name: LoadedUntil :one
-- The instant up to which a published run that stands has all that happened: the end of its days or, for
-- a run of a day that was not over, when it was started. There is no row before the first.
select least(r.interval_to::timestamp at time zone 'UTC', r.started_at)::timestamptz as loaded_until
from etl.runs as r
where r.published_execution is not null
order by loaded_until desc
limit 1;

-- name: LastRunEnded :one
-- The latest run that has come to an end, and how. A backfill's months are runs like any other.
select r.id, r.state, r.finished_at::timestamptz as finished_at
from etl.runs as r
where r.finished_at is not null
order by r.finished_at desc
limit 1;

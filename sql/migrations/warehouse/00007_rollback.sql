-- +goose Up

-- What is to stand of each table and day once these publishes are undone: what stood before the first
-- of them. Nothing, where run_id is null.
create function warehouse.before_publications(p_numbers bigint[]) returns setof warehouse.version_log
language sql stable as $$
    select distinct on (l.table_name, l.date_id) l.*
    from warehouse.publications as p
    inner join warehouse.version_log as l on l.by_run = p.run_id and l.by_execution = p.execution
    where p.number = any(p_numbers)
    order by l.table_name, l.date_id, p.number
$$;

-- +goose StatementBegin
-- Adds the rows of these days that are in one staging table to another, and drops the first.
create function staging.keep(p_from regclass, p_into regclass, p_days integer[]) returns void
language plpgsql as $$
begin
    execute format('insert into %s select * from %s where date_id = any($1)', p_into, p_from)
    using p_days;
    execute format('drop table %s', p_from);
end
$$;

-- Records that the publishes are undone: versions and the mark are as they were before the first. The
-- mark is then older than what runs have read since, so that they leave it where it is.
create function warehouse.undo_publications(
    p_numbers bigint[], p_run uuid, p_execution integer
) returns void
language plpgsql as $$
declare
    before record;
begin
    delete from warehouse.versions as v
    using warehouse.before_publications(p_numbers) as b
    where v.table_name = b.table_name and v.date_id = b.date_id;
    insert into warehouse.versions (
        table_name, date_id, run_id, execution, content, interval_to, snapshot, system_id,
        published_at
    )
    select
        b.table_name, b.date_id, b.run_id, b.execution, b.content, b.interval_to, b.snapshot,
        b.system_id, b.published_at
    from warehouse.before_publications(p_numbers) as b
    where b.run_id is not null;

    select p.mark_before as snapshot, p.mark_before_system as system_id
    into before
    from warehouse.publications as p
    where p.number = any(p_numbers)
    order by p.number
    limit 1;
    if before.snapshot is null then
        delete from warehouse.mark;
    else
        update warehouse.mark
        set snapshot = before.snapshot, system_id = before.system_id;
    end if;

    update warehouse.publications
    set rolled_back_at = now(), rolled_back_by = p_run, rolled_back_execution = p_execution
    where number = any(p_numbers);
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Forgets what stood before old publishes, which then cannot be undone any more. Kept are the latest
-- p_versions of them that stand, those since p_since, and those since the first of a run of p_busy,
-- which may be undoing them.
create function warehouse.forget_publications(
    p_versions integer, p_since timestamptz, p_busy uuid[], p_at timestamptz
) returns void
language plpgsql as $$
declare
    oldest bigint; -- that can still be undone; null when nothing stands
begin
    select min(p.number)
    into oldest
    from (
        select
            s.number, s.run_id, s.published_at, row_number() over (order by s.number desc) as place
        from warehouse.publications as s
        where s.rolled_back_at is null and s.forgotten_at is null
    ) as p
    where p.place <= p_versions or p.published_at >= p_since or p.run_id = any(p_busy);

    update warehouse.publications
    set forgotten_at = p_at
    where rolled_back_at is null and forgotten_at is null and number < oldest;

    delete from warehouse.version_log as l
    using warehouse.publications as p
    where p.run_id = l.by_run
        and p.execution = l.by_execution
        and (p.forgotten_at is not null or p.rolled_back_at < p_since);
end
$$;
-- +goose StatementEnd

-- What stands, or would stand again if publishes were undone, by table: which execution of which run
-- has made it.
create view warehouse.kept_versions as
select v.table_name, v.run_id, v.execution
from warehouse.versions as v
union
select l.table_name, l.run_id, l.execution
from warehouse.version_log as l
inner join warehouse.publications as p on p.run_id = l.by_run and p.execution = l.by_execution
where l.run_id is not null and p.rolled_back_at is null;

-- +goose Down
drop view warehouse.kept_versions;
drop function warehouse.forget_publications, warehouse.undo_publications, warehouse.before_publications, staging.keep;

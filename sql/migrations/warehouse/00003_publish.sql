-- +goose Up

-- What a run's reconcile step found to be right and staged: by table, the rows and sums of each
-- day, {"20260301": {"rows": 2, "sums": {"qty": 3}}}, day 0 for a table without days. A publish
-- compares with it and with nothing else.
create table warehouse.reconciled (
    run_id uuid not null,
    execution integer not null,
    table_name text not null,
    totals jsonb not null,
    primary key (run_id, execution, table_name)
);

-- Every publish that has changed something or was the first of its run, in their order.
create table warehouse.publications (
    number bigint not null generated always as identity unique,
    run_id uuid not null,
    execution integer not null,
    interval_from date not null,
    interval_to date not null,
    snapshot pg_snapshot not null, -- of the shop, that the run read
    system_id bigint not null, -- the shop's database system, that the snapshot belongs to
    rows_published bigint not null,
    days_placed bigint not null, -- days of tables of facts
    days_kept bigint not null, -- of them left alone, because a newer snapshot had published them
    mark_before pg_snapshot, -- null when there was none
    mark_before_system bigint,
    published_at timestamptz not null default now(),
    rolled_back_at timestamptz,
    rolled_back_by uuid, -- the run whose execution has undone it
    rolled_back_execution integer,
    forgotten_at timestamptz, -- since when what stood before is not kept, so that it cannot be undone
    primary key (run_id, execution)
);

-- What stands: which run each day of each table comes from. date_id is 0 for a table without
-- days. content is a digest of all that the run made of the table.
create table warehouse.versions (
    table_name text not null,
    date_id integer not null,
    run_id uuid not null,
    execution integer not null,
    content text not null,
    interval_to date not null, -- of the run: a metric shows the day before
    snapshot pg_snapshot not null,
    system_id bigint not null,
    published_at timestamptz not null default now(),
    primary key (table_name, date_id)
);

-- What stood before each publish of what it has put in place: all null where nothing did. Rows are
-- added and never changed.
create table warehouse.version_log (
    by_run uuid not null,
    by_execution integer not null,
    table_name text not null,
    date_id integer not null,
    run_id uuid,
    execution integer,
    content text,
    interval_to date,
    snapshot pg_snapshot,
    system_id bigint,
    published_at timestamptz,
    primary key (by_run, by_execution, table_name, date_id)
);

-- Every day that is published shows the shop as of this snapshot or a later one: a run that takes
-- along the days changed since then leaves none behind.
create table warehouse.mark (
    only_row boolean primary key default true check (only_row),
    snapshot pg_snapshot not null,
    system_id bigint not null
);

-- Orders the snapshots of one database system by the time they were taken: of two, the later has
-- the higher xmax, or the same xmax and fewer transactions in progress.
create function warehouse.snapshot_order(s pg_snapshot) returns numeric
language sql immutable strict as $$
    select pg_snapshot_xmax(s)::text::numeric * 4294967296
        - (select count(*) from pg_snapshot_xip(s))
$$;

-- Whether a version may be replaced by what a run read under a snapshot: the newer snapshot wins,
-- whichever publishes first. Of tables that show the last day of a run's interval the later day
-- wins, p_as_of, which is null for others. Another database system begins anew.
create function warehouse.may_replace(
    v warehouse.versions, new_snapshot pg_snapshot, new_system_id bigint, p_as_of date
) returns boolean
language sql immutable as $$
    select v.system_id <> new_system_id
        or case
            when v.interval_to = coalesce(p_as_of, v.interval_to)
                then warehouse.snapshot_order(v.snapshot) <= warehouse.snapshot_order(new_snapshot)
            else v.interval_to < p_as_of
        end
$$;

-- The staging table of a table for one execution of a run.
create function staging.name_of(table_name text, run_id uuid, execution integer) returns text
language sql immutable as $$
    select table_name || '_' || replace(run_id::text, '-', '') || '_' || execution
$$;

-- The runs that have staging tables.
create function staging.runs() returns setof uuid
language sql stable as $$
    select distinct substring(c.relname from '_([0-9a-f]{32})_[0-9]+$')::uuid
    from pg_class as c
    where c.relnamespace = 'staging'::regnamespace
        and c.relkind = 'r'
        and c.relname ~ '_[0-9a-f]{32}_[0-9]+$'
$$;

-- +goose StatementBegin
create function staging.open(table_name text, run_id uuid, execution integer) returns text
language plpgsql as $$
declare
    staged text := staging.name_of(table_name, run_id, execution);
begin
    execute format('drop table if exists staging.%I', staged);
    execute format('create table staging.%I (like warehouse.%I)', staged, table_name);
    return staged;
end
$$;

-- Drops the staging tables of executions of a run up to p_execution, null for all of them, and forgets what was
-- reconciled. A table that somebody reads stays, for a later sweep; returns how many do.
create function staging.sweep(p_run uuid, p_execution integer) returns integer
language plpgsql set lock_timeout = '200ms' as $$
declare
    staged text;
    held integer := 0;
begin
    for staged in
        select c.relname
        from pg_class as c
        where c.relnamespace = 'staging'::regnamespace
            and c.relkind = 'r'
            and c.relname ~ ('_' || replace(p_run::text, '-', '') || '_[0-9]+$')
            and (p_execution is null or substring(c.relname from '[0-9]+$')::integer <= p_execution)
    loop
        begin
            execute format('drop table if exists staging.%I', staged);
        exception when lock_not_available then
            held := held + 1;
        end;
    end loop;
    delete from warehouse.reconciled where run_id = p_run and (p_execution is null or execution <= p_execution);
    return held;
end
$$;

-- The rows of a table and the sums of columns, decimals in units of their last digit: by day, or
-- of all days under 0; of p_days only, unless it is null.
create function warehouse.totals(
    p_relation regclass, p_columns text[], p_by_day boolean, p_days integer[]
) returns jsonb
language plpgsql stable as $$
declare
    sums text;
    answer jsonb;
begin
    select coalesce(string_agg(
        format('%L, (coalesce(sum(%I), 0) * 1e%s)::bigint', a.attname, a.attname,
            case when a.atttypid = 'numeric'::regtype then (a.atttypmod - 4) & 2047 else 0 end), ', '), '')
    into sums
    from pg_attribute as a
    where a.attrelid = p_relation
        and a.attname = any(p_columns)
        and a.attnum > 0;
    execute format(
        'select coalesce(jsonb_object_agg(t.day, t.totals), ''{}'') from ('
        ' select %1$s as day, jsonb_build_object(''rows'', count(*), ''sums'', jsonb_build_object(%2$s)) as totals'
        ' from %3$s%4$s group by 1 having count(*) > 0) as t',
        case when p_by_day then 'date_id' else '0' end, sums, p_relation,
        case when p_days is not null then ' where date_id = any($1)' else '' end
    ) into answer using p_days;
    return answer;
end
$$;

-- Records that what stands of a table on these days is from this execution, and what stood before.
create function warehouse.record_versions(
    p_table text, p_run uuid, p_execution integer, p_content text, p_snapshot pg_snapshot,
    p_system bigint, p_interval_to date, p_days integer[]
) returns void
language sql as $$
    with changed as (
        insert into warehouse.versions (
            table_name, date_id, run_id, execution, content, interval_to, snapshot, system_id
        )
        select p_table, d, p_run, p_execution, p_content, p_interval_to, p_snapshot, p_system
        from unnest(p_days) as d
        on conflict (table_name, date_id) do update
        set run_id = excluded.run_id, execution = excluded.execution, content = excluded.content,
            interval_to = excluded.interval_to, snapshot = excluded.snapshot,
            system_id = excluded.system_id, published_at = excluded.published_at
        where (versions.run_id, versions.content) <> (excluded.run_id, excluded.content)
        returning date_id
    )

    -- Tables are read as they were when the statement began.
    insert into warehouse.version_log
    select
        p_run, p_execution, p_table, c.date_id, v.run_id, v.execution, v.content, v.interval_to,
        v.snapshot, v.system_id, v.published_at
    from changed as c
    left join warehouse.versions as v on v.table_name = p_table and v.date_id = c.date_id;
$$;

-- Puts staged days in place of those that stand, and returns the rows.
create function warehouse.place_days(p_table text, p_staged regclass, p_days integer[]) returns bigint
language plpgsql as $$
declare
    placed bigint;
begin
    execute format('delete from warehouse.%I where date_id = any($1)', p_table) using p_days;
    execute format('insert into warehouse.%I select * from %s where date_id = any($1)', p_table, p_staged)
    using p_days;
    get diagnostics placed = row_count;
    return placed;
end
$$;

-- Makes a table without days equal to its staging table, changing only rows that differ; without
-- p_remove rows that are not staged stay. changed counts the rows written or removed; standing,
-- afterwards, the rows that are as staged, and strange those that should not be there.
create function warehouse.place_whole(
    p_table text, p_staged regclass, p_remove boolean, out changed bigint, out standing bigint,
    out strange bigint
)
language plpgsql as $$
declare
    same_key text;
    key_columns text;
    removed bigint := 0;
begin
    select
        string_agg(format('s.%I = w.%I', a.attname, a.attname), ' and '),
        string_agg(format('%I', a.attname), ', ')
    into same_key, key_columns
    from pg_index as i
    inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = format('warehouse.%I', p_table)::regclass and i.indisprimary;
    if p_remove then
        execute format(
            'delete from warehouse.%I as w where not exists (select from %s as s where %s)',
            p_table, p_staged, same_key
        );
        get diagnostics removed = row_count;
    end if;
    execute format(
        'delete from warehouse.%I as w using %s as s where %s and s::text <> w::text',
        p_table, p_staged, same_key
    );
    -- Asked of the index row by row: joined with a table that was empty when the statement was planned,
    -- this would read again, for every row, all that it has written so far.
    execute format(
        'insert into warehouse.%I select * from %s on conflict (%s) do nothing',
        p_table, p_staged, key_columns
    );
    get diagnostics changed = row_count;
    changed := changed + removed;
    execute format(
        'select count(*) filter (where s::text = w::text), count(*) filter (where s is null and $1)'
        ' from warehouse.%I as w left join %s as s on %s',
        p_table, p_staged, same_key
    ) into standing, strange using p_remove;
end
$$;

-- Refuses what was read of a shop that has been restored since: its snapshots say nothing of those of
-- the restored one, which is another database system, and what that has published stands.
create function warehouse.check_system(p_system bigint) returns void
language plpgsql as $$
begin
    if exists (select from warehouse.mark where system_id <> p_system)
        and exists (
            select from warehouse.publications
            where system_id = p_system and rolled_back_at is null
        )
    then
        raise exception 'the shop has been restored since this run read it, and published from'
            using errcode = 'invalid_parameter_value',
            detail = 'load these days again, as a new run';
    end if;
end
$$;

-- Moves the mark for a run that read under p_snapshot and took along what had changed since
-- p_baseline, null for a run that took its own days only.
--
--     no mark yet, or another database system    this snapshot
--     no baseline                                the older of the two: only its own days are as new
--     baseline at the mark or before             the newer of the two
--     baseline after the mark                    unchanged: days between the two may be older
create function warehouse.move_mark(
    p_snapshot pg_snapshot, p_system bigint, p_baseline pg_snapshot
) returns void
language plpgsql as $$
declare
    mark warehouse.mark;
begin
    if warehouse.snapshot_order(p_baseline) > warehouse.snapshot_order(p_snapshot) then
        raise exception 'the shop is older than what was published from it: was it restored from a backup?'
            using errcode = 'invalid_parameter_value',
            detail = 'delete the rows of warehouse.mark and warehouse.versions to begin anew, and load all days';
    end if;
    select * into mark from warehouse.mark;
    if mark is null or mark.system_id <> p_system then
        null;
    elsif p_baseline is null then
        if warehouse.snapshot_order(p_snapshot) >= warehouse.snapshot_order(mark.snapshot) then
            return;
        end if;
    elsif warehouse.snapshot_order(p_baseline) > warehouse.snapshot_order(mark.snapshot)
        or warehouse.snapshot_order(p_snapshot) <= warehouse.snapshot_order(mark.snapshot)
    then
        return;
    end if;
    insert into warehouse.mark (snapshot, system_id)
    values (p_snapshot, p_system)
    on conflict (only_row) do update
    set snapshot = excluded.snapshot, system_id = excluded.system_id;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function warehouse.move_mark, warehouse.check_system, warehouse.place_whole, warehouse.place_days,
warehouse.record_versions, warehouse.totals, staging.sweep, staging.open, staging.runs, staging.name_of,
warehouse.may_replace, warehouse.snapshot_order;
drop table warehouse.reconciled, warehouse.publications, warehouse.versions,
warehouse.version_log, warehouse.mark;

-- +goose Up

-- Every publish that has happened. content is a digest of what was published, so publishing the
-- same again is known for what it is.
create table warehouse.publications (
    run_id uuid not null,
    execution integer not null,
    content text not null,
    interval_from date not null,
    interval_to date not null,
    snapshot pg_snapshot not null, -- of the shop, that the run read
    system_id bigint not null, -- the shop's database system, that the snapshot belongs to
    rows_published bigint not null,
    published_at timestamptz not null default now(),
    primary key (run_id, content)
);

-- Which run each day of each table comes from. date_id is 0 for a table without days.
create table warehouse.versions (
    table_name text not null,
    date_id integer not null,
    run_id uuid not null,
    execution integer not null,
    snapshot pg_snapshot not null,
    system_id bigint not null,
    published_at timestamptz not null default now(),
    primary key (table_name, date_id)
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
-- whichever publishes first. Another database system begins anew.
create function warehouse.may_replace(
    v warehouse.versions, new_snapshot pg_snapshot, new_system_id bigint
) returns boolean
language sql immutable as $$
    select v.system_id <> new_system_id
        or warehouse.snapshot_order(v.snapshot) <= warehouse.snapshot_order(new_snapshot)
$$;

-- The staging table of a table for one execution of a run.
create function staging.name_of(table_name text, run_id uuid, execution integer) returns text
language sql immutable as $$
    select table_name || '_' || replace(run_id::text, '-', '') || '_' || execution
$$;

-- +goose StatementBegin
create function staging.open(table_name text, run_id uuid, execution integer) returns text
language plpgsql as $$
declare
    staged text := staging.name_of(table_name, run_id, execution);
begin
    execute format('drop table if exists staging.%I', staged);
    execute format('create unlogged table staging.%I (like warehouse.%I)', staged, table_name);
    return staged;
end
$$;

-- Drops the staging tables of all executions of a run.
create function staging.sweep(run_id uuid) returns integer
language plpgsql as $$
declare
    staged text;
    dropped integer := 0;
begin
    for staged in
        select c.relname
        from pg_class as c
        where c.relnamespace = 'staging'::regnamespace
            and c.relkind = 'r'
            and c.relname like '%\_' || replace(run_id::text, '-', '') || '\_%'
    loop
        execute format('drop table if exists staging.%I', staged);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

-- The rows of a staging table and the sums of columns, decimals in units of their last digit.
create function staging.totals(
    table_name text, run_id uuid, execution integer, columns text[]
) returns jsonb
language plpgsql stable as $$
declare
    staged text := staging.name_of(table_name, run_id, execution);
    sums text;
    answer jsonb;
begin
    select coalesce(string_agg(
        format('%L, (coalesce(sum(%I), 0) * 1e%s)::bigint', a.attname, a.attname,
            case when a.atttypid = 'numeric'::regtype then (a.atttypmod - 4) & 2047 else 0 end), ', '), '')
    into sums
    from pg_attribute as a
    where a.attrelid = format('staging.%I', staged)::regclass
        and a.attname = any(columns)
        and a.attnum > 0;
    execute format(
        'select jsonb_build_object(''rows'', count(*), ''sums'', jsonb_build_object(%s)) from staging.%I', sums, staged
    ) into answer;
    return answer;
end
$$;

-- Puts a run's days in place of those that stand, but for days that a newer snapshot has
-- published. Returns the days and the rows that were put in place.
create function warehouse.publish_days(
    p_table text, p_run uuid, p_execution integer, p_snapshot pg_snapshot, p_system bigint,
    p_days integer[], out days bigint, out rows_published bigint
)
language plpgsql as $$
declare
    staged text := staging.name_of(p_table, p_run, p_execution);
    taken integer[];
begin
    select coalesce(array_agg(d), '{}')
    into taken
    from unnest(p_days) as d
    where not exists (
        select from warehouse.versions as v
        where v.table_name = p_table
            and v.date_id = d
            and not warehouse.may_replace(v, p_snapshot, p_system)
    );
    execute format('delete from warehouse.%I where date_id = any($1)', p_table) using taken;
    execute format('insert into warehouse.%I select * from staging.%I where date_id = any($1)', p_table, staged)
    using taken;
    get diagnostics rows_published = row_count;
    insert into warehouse.versions (table_name, date_id, run_id, execution, snapshot, system_id)
    select p_table, d, p_run, p_execution, p_snapshot, p_system
    from unnest(taken) as d
    on conflict (table_name, date_id) do update
    set run_id = excluded.run_id, execution = excluded.execution, snapshot = excluded.snapshot,
        system_id = excluded.system_id, published_at = excluded.published_at;
    days := cardinality(taken);
end
$$;

-- Makes a table without days equal to its staging table, changing only rows that differ, unless a
-- newer snapshot has published it. Without p_remove rows that are not staged stay.
create function warehouse.publish_whole(
    p_table text, p_run uuid, p_execution integer, p_snapshot pg_snapshot, p_system bigint,
    p_remove boolean, out days bigint, out rows_published bigint
)
language plpgsql as $$
declare
    staged text := staging.name_of(p_table, p_run, p_execution);
    same_key text;
begin
    days := 0;
    rows_published := 0;
    if exists (
        select from warehouse.versions as v
        where v.table_name = p_table
            and v.date_id = 0
            and not warehouse.may_replace(v, p_snapshot, p_system)
    ) then
        return;
    end if;
    select string_agg(format('s.%I = w.%I', a.attname, a.attname), ' and ')
    into same_key
    from pg_index as i
    inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = format('warehouse.%I', p_table)::regclass and i.indisprimary;
    if p_remove then
        execute format(
            'delete from warehouse.%I as w where not exists (select from staging.%I as s where %s)',
            p_table, staged, same_key
        );
    end if;
    execute format(
        'delete from warehouse.%I as w using staging.%I as s where %s and s::text <> w::text',
        p_table, staged, same_key
    );
    execute format(
        'insert into warehouse.%1$I select s.* from staging.%2$I as s'
        ' where not exists (select from warehouse.%1$I as w where %3$s)',
        p_table, staged, same_key
    );
    get diagnostics rows_published = row_count;
    insert into warehouse.versions (table_name, date_id, run_id, execution, snapshot, system_id)
    values (p_table, 0, p_run, p_execution, p_snapshot, p_system)
    on conflict (table_name, date_id) do update
    set run_id = excluded.run_id, execution = excluded.execution, snapshot = excluded.snapshot,
        system_id = excluded.system_id, published_at = excluded.published_at;
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
drop function warehouse.move_mark, warehouse.publish_whole, warehouse.publish_days, staging.totals,
staging.sweep, staging.open, staging.name_of, warehouse.may_replace, warehouse.snapshot_order;
drop table warehouse.publications, warehouse.versions, warehouse.mark;

-- +goose Up
-- +goose StatementBegin
-- The rows of one customer that stand, as a list of objects.
create function warehouse.customer_rows(p_table text, p_column text, p_customer bigint) returns jsonb
language plpgsql stable as $$
declare
    standing jsonb;
begin
    execute format('select coalesce(jsonb_agg(to_jsonb(t)), ''[]'') from warehouse.%I as t where %I = $1', p_table, p_column)
    into standing
    using p_customer;
    return standing;
end
$$;

-- Puts the rows of one customer that are given, as a list of objects, in place of those that stand. Returns how many
-- rows there are.
create function warehouse.put_customer(p_table text, p_column text, p_customer bigint, p_rows jsonb)
returns bigint
language plpgsql as $$
declare
    placed bigint;
begin
    execute format('delete from warehouse.%I where %I = $1', p_table, p_column) using p_customer;
    execute format('insert into warehouse.%1$I select * from jsonb_populate_recordset(null::warehouse.%1$I, $1)', p_table)
    using p_rows;
    get diagnostics placed = row_count;
    execute format('analyze warehouse.%I', p_table); -- or the planner keeps values as they were
    return placed;
end
$$;

-- Has the versions of a table that stand, and those that stood, say the digest of what their parts have become.
create function warehouse.change_content(p_table text, p_was text, p_content text) returns void
language sql as $$
    update warehouse.versions set content = p_content where table_name = p_table and content = p_was;
    update warehouse.version_log set content = p_content where table_name = p_table and content = p_was;
$$;

-- Drops all staging tables. For when no run is under way.
create function staging.sweep_all() returns integer
language plpgsql as $$
declare
    staged regclass;
    dropped integer := 0;
begin
    for staged in select oid from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r' loop
        execute format('drop table %s', staged);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function staging.sweep_all, warehouse.change_content, warehouse.put_customer, warehouse.customer_rows;

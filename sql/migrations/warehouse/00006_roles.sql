-- +goose Up
-- What the roles of data people may do here, as groups without a login of their own: a login gets its
-- rights by `grant mercado_bi_analyst to …`. Roles belong to the server and not to a database, so they
-- may be there already, and stay when this database goes.
--
--     mercado_bi_analyst       reads the warehouse
--     mercado_data_scientist   reads the warehouse
--     mercado_data_engineer    reads and writes the warehouse and staging
--
-- None of them sees the shop.

-- +goose StatementBegin
do $$
declare
    role_name text;
begin
    foreach role_name in array array['mercado_bi_analyst', 'mercado_data_scientist', 'mercado_data_engineer'] loop
        if to_regrole(role_name) is null then
            begin
                execute format('create role %I nologin', role_name);
            exception
                when duplicate_object or unique_violation then null; -- made meanwhile, for another database
                when insufficient_privilege then
                    raise exception 'role % is missing, and % may not make it', role_name, current_user
                        using hint = format('a superuser does: create role %I nologin', role_name);
            end;
        end if;
    end loop;
end
$$;
-- +goose StatementEnd

grant usage on schema warehouse
to mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;
grant select on all tables in schema warehouse
to mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;
alter default privileges in schema warehouse
grant select on tables to mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;

grant usage on schema staging to mercado_data_engineer;
grant insert, update, delete on all tables in schema warehouse to mercado_data_engineer;
alter default privileges in schema warehouse
grant insert, update, delete on tables to mercado_data_engineer;
alter default privileges in schema staging
grant select, insert, update, delete on tables to mercado_data_engineer;

-- +goose Down
alter default privileges in schema staging
revoke all on tables from mercado_data_engineer;
alter default privileges in schema warehouse
revoke all on tables from mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;
revoke all on all tables in schema warehouse
from mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;
revoke all on all tables in schema staging from mercado_data_engineer;
revoke all on schema warehouse
from mercado_bi_analyst, mercado_data_scientist, mercado_data_engineer;
revoke all on schema staging from mercado_data_engineer;

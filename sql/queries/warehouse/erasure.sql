-- name: PutCustomer :one
select warehouse.put_customer(
    sqlc.arg(table_name)::text, sqlc.arg(column_name)::text, sqlc.arg(customer_id)::bigint, sqlc.arg(rows)::jsonb
)::bigint;

-- name: CustomerRows :one
-- The rows of a customer as they stand, as a list of objects.
select warehouse.customer_rows(sqlc.arg(table_name)::text, sqlc.arg(column_name)::text, sqlc.arg(customer_id)::bigint)::jsonb;

-- name: TableColumns :many
select
    a.attname::text as name,
    format_type(a.atttypid, a.atttypmod)::text as type
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on c.oid = a.attrelid
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'warehouse'
    and c.relname = sqlc.arg(table_name)::text
    and a.attnum > 0
    and not a.attisdropped
order by a.attnum;

-- name: ChangeContent :exec
select warehouse.change_content(sqlc.arg(table_name)::text, sqlc.arg(was)::text, sqlc.arg(content)::text);

-- name: SweepAllStaging :one
select staging.sweep_all()::integer;

-- name: StandingWhole :one
-- Which run the rows are from that stand of a table without days.
select run_id, execution
from warehouse.versions
where table_name = sqlc.arg(table_name) and date_id = 0;

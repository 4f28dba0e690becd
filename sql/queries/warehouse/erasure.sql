-- name: PutCustomer :one
select warehouse.put_customer(
    sqlc.arg(table_name)::text, sqlc.arg(column_name)::text, sqlc.arg(customer_id)::bigint, sqlc.arg(rows)::jsonb
)::bigint;

-- name: ChangeContent :exec
select warehouse.change_content(sqlc.arg(table_name)::text, sqlc.arg(was)::text, sqlc.arg(content)::text);

-- name: SweepAllStaging :one
select staging.sweep_all()::integer;

-- name: StandingWhole :one
-- Which run the rows are from that stand of a table without days.
select run_id, execution
from warehouse.versions
where table_name = sqlc.arg(table_name) and date_id = 0;

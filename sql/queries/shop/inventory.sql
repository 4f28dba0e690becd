-- name: MoveInventory :exec
-- Fails with SQLSTATE MC001 when more would be taken away than is free.
select
    catalog.move_stock(
        sqlc.arg(kind)::text,
        array[sqlc.arg(product_id)::bigint],
        array[sqlc.arg(delta)::bigint],
        'inventory',
        sqlc.arg(reference)::text,
        sqlc.arg(reason)::text
    );

-- name: LastLedgerRow :one
-- After MoveInventory, in its transaction: the product's stock is locked, so the last row is its own.
select *
from catalog.stock_ledger
where product_id = sqlc.arg(product_id) and xid = pg_current_xact_id()
order by id desc
limit 1;

-- name: ListLedger :many
select *
from catalog.stock_ledger
where product_id = sqlc.arg(product_id)
    and (
        sqlc.narg(before_id)::bigint is null
        or (occurred_at, id) < (sqlc.narg(before_time)::timestamptz, sqlc.narg(before_id))
    )
order by occurred_at desc, id desc
limit sqlc.arg(row_limit);

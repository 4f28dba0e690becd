-- name: Order :one
-- customer_id null: whoever's.
select ordering.order_document(id)::jsonb as document
from ordering.orders
where id = @id and customer_id = coalesce(sqlc.narg(customer_id), customer_id);

-- name: ListOrders :many
-- Newest first by id, which is a UUIDv7: before is the last id of the page before.
select id, ordering.order_document(id)::jsonb as document
from ordering.orders
where (sqlc.narg(customer_id)::bigint is null or customer_id = sqlc.narg(customer_id))
    and (sqlc.narg(status)::text is null or status = sqlc.narg(status))
    and (
        sqlc.narg(payment_status)::text is null or payment_status = sqlc.narg(payment_status)
    )
    and (sqlc.narg(channel)::text is null or channel = sqlc.narg(channel))
    and (sqlc.narg(placed_from)::timestamptz is null or order_date >= sqlc.narg(placed_from))
    and (sqlc.narg(placed_before)::timestamptz is null or order_date < sqlc.narg(placed_before))
    and (sqlc.narg(before)::uuid is null or id < sqlc.narg(before))
order by id desc
limit @page;

-- name: Transitions :many
select thing, from_status, to_status
from ordering.transitions
order by thing, from_status, to_status;

-- name: ListSales :many
-- Order lines, newest order first: its id is a UUIDv7. before_* is the last line of the page before.
-- category_id stands for its subtree.
with recursive subtree as (
    select id
    from catalog.categories
    where id = sqlc.narg(category_id)::bigint

    union

    select child.id
    from catalog.categories as child
    inner join subtree on child.parent_id = subtree.id
)

select
    line.order_id,
    line.line_no,
    orders.order_date,
    orders.channel,
    orders.status,
    orders.payment_method,
    orders.payment_status,
    orders.customer_id,
    line.item_id,
    product.item_name,
    product.category_id,
    line.vendor_id,
    line.qty,
    line.unit_price,
    line.unit_cost,
    line.discount_percent::float8 as discount_percent,
    line.discount_amount,
    line.total_price,
    line.created_at,
    orders.currency
from ordering.order_items as line
inner join ordering.orders on orders.id = line.order_id
inner join catalog.products as product on product.id = line.item_id
where (sqlc.narg(item_id)::bigint is null or line.item_id = sqlc.narg(item_id))
    and (sqlc.narg(vendor_id)::bigint is null or line.vendor_id = sqlc.narg(vendor_id))
    and (
        sqlc.narg(category_id)::bigint is null
        or product.category_id in (select id from subtree)
    )
    and (sqlc.narg(customer_id)::bigint is null or orders.customer_id = sqlc.narg(customer_id))
    and (sqlc.narg(channel)::text is null or orders.channel = sqlc.narg(channel))
    and (sqlc.narg(status)::text is null or orders.status = sqlc.narg(status))
    and (sqlc.narg(sold_from)::timestamptz is null or orders.order_date >= sqlc.narg(sold_from))
    and (
        sqlc.narg(sold_before)::timestamptz is null or orders.order_date < sqlc.narg(sold_before)
    )
    and (
        sqlc.narg(before_order_id)::uuid is null
        or (line.order_id, line.line_no)
        < (sqlc.narg(before_order_id)::uuid, sqlc.narg(before_line_no)::integer)
    )
order by line.order_id desc, line.line_no desc
limit @row_limit;

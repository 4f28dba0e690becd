-- name: CreateReview :one
-- Verified where an order of the customer's holds the product and was sold: the order that is named,
-- or the last of them. It stays as it is until this transaction has ended.
with purchase as (
    select placed.id
    from ordering.orders as placed
    where placed.customer_id = sqlc.arg(customer_id)
        and placed.status in ('confirmed', 'shipped', 'delivered', 'returned')
        and (sqlc.narg(order_id)::uuid is null or placed.id = sqlc.narg(order_id))
        and exists (
            select
            from ordering.order_items as line
            where line.order_id = placed.id and line.item_id = sqlc.arg(product_id)
        )
    order by placed.order_date desc
    limit 1
    for share
)

insert into catalog.reviews (
    product_id, customer_id, order_id, is_verified_purchase, rating, title, comment
)
select
    sqlc.arg(product_id),
    customer.id,
    (select purchase.id from purchase),
    exists (select from purchase),
    sqlc.arg(rating),
    sqlc.arg(title),
    sqlc.arg(comment)
from identity.customers as customer
where customer.id = sqlc.arg(customer_id) and customer.is_active
returning *;

-- name: GetReview :one
select *
from catalog.reviews
where id = sqlc.arg(id);

-- name: ListReviews :many
-- See catalog.list_reviews.
select review.*
from catalog.list_reviews(
    sqlc.arg(product_id)::bigint,
    sqlc.narg(rating)::integer,
    sqlc.narg(verified)::boolean,
    sqlc.arg(sort)::text,
    sqlc.narg(after_id)::bigint,
    sqlc.narg(after_time)::timestamptz,
    sqlc.narg(after_number)::integer,
    sqlc.arg(row_limit)::integer
) with ordinality as found (id, place)
inner join catalog.reviews as review on review.id = found.id
order by found.place;

-- name: UpdateReview :one
update catalog.reviews
set
    rating = coalesce(sqlc.narg(rating), rating),
    title = coalesce(sqlc.narg(title), title),
    comment = coalesce(sqlc.narg(comment), comment),
    version = version + 1,
    updated_at = now()
where id = sqlc.arg(id)
    and customer_id = sqlc.arg(customer_id)
    and (sqlc.narg(versions)::bigint[] is null or version = any(sqlc.narg(versions)))
returning *;

-- name: DeleteReview :execrows
delete from catalog.reviews
where id = sqlc.arg(id)
    and (sqlc.narg(customer_id)::bigint is null or customer_id = sqlc.narg(customer_id))
    and (sqlc.narg(versions)::bigint[] is null or version = any(sqlc.narg(versions)));

-- name: VoteReview :exec
insert into catalog.review_votes (review_id, customer_id, is_helpful)
values (sqlc.arg(review_id), sqlc.arg(customer_id), sqlc.arg(is_helpful))
on conflict (review_id, customer_id) do update
set
    is_helpful = excluded.is_helpful,
    voted_at = now()
where review_votes.is_helpful <> excluded.is_helpful;

-- name: TakeBackVote :exec
delete from catalog.review_votes
where review_id = sqlc.arg(review_id) and customer_id = sqlc.arg(customer_id);

-- name: Cart :one
-- discount_code and country may be null.
select
    ordering.cart_document(
        @customer_id, sqlc.narg(discount_code)::text, sqlc.narg(country)::text,
        sqlc.narg(region)::text
    )::jsonb as cart;

-- name: PutCartItem :one
select
    ordering.put_cart_item(
        @customer_id, @new_cart_id, @item_id, @qty, make_interval(secs => @hold_seconds::float8)
    )::jsonb as cart;

-- name: DropCartItem :one
select ordering.drop_cart_items(@customer_id, @item_id::bigint)::jsonb as cart;

-- name: EmptyCart :one
select ordering.drop_cart_items(@customer_id)::jsonb as cart;

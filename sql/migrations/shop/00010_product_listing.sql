-- +goose Up
-- The ids of a category and of all below it.
create function catalog.subtree(p_category_id bigint) returns setof bigint
language sql stable rows 20 as $$
    with recursive below as (
        select p_category_id as id
        union
        select category.id
        from catalog.categories as category
        inner join below on category.parent_id = below.id
    )

    select id from below
$$;

-- Products with what can be sold of them now: an expired hold is free stock, whether or not
-- anybody has released it yet.
create view catalog.product_listing as
select
    product.*,
    coalesce(stock.on_hand, 0)::bigint as on_hand,
    (coalesce(stock.reserved, 0) - coalesce(expired.qty, 0))::bigint as reserved,
    (coalesce(stock.on_hand - stock.reserved, 0) + coalesce(expired.qty, 0))::bigint as available,
    rating.average as rating_average,
    coalesce(rating.count, 0)::bigint as rating_count
from catalog.products as product
left join catalog.stock as stock on stock.product_id = product.id
left join catalog.product_ratings as rating on rating.product_id = product.id
left join lateral (
    select sum(hold.qty)::bigint as qty
    from catalog.holds as hold
    where hold.product_id = product.id and hold.expires_at <= now()
) as expired on true;

-- +goose Down
drop view catalog.product_listing;
drop function catalog.subtree;

-- proves: What is reserved of a product is what carts hold and open orders keep, and no unit more.
-- subject: product
-- severity: error
with kept as (
    select product_id, sum(held)::bigint as held, sum(ordered)::bigint as ordered
    from (
        select product_id, qty as held, 0 as ordered from catalog.holds
        union all
        select item_id, 0, reserved_qty from ordering.order_items where reserved_qty > 0
    ) as keepers
    group by product_id
)

select
    coalesce(stock.product_id, kept.product_id)::text as subject_id,
    jsonb_build_object(
        'reserved', coalesce(stock.reserved, 0), 'held_by_carts', coalesce(kept.held, 0),
        'kept_by_orders', coalesce(kept.ordered, 0)
    ) as details
from catalog.stock as stock
full join kept on kept.product_id = stock.product_id
where coalesce(stock.reserved, 0) <> coalesce(kept.held + kept.ordered, 0)

-- proves: The ledger rows of a cart add up to what it holds of each product.
-- subject: cart
-- severity: error
with moved as (
    select reference_id as cart_id, product_id, sum(reserved_delta)::bigint as qty
    from catalog.stock_ledger
    where reference_type = 'cart'
    group by reference_id, product_id
    having sum(reserved_delta) <> 0
)

select
    coalesce(moved.cart_id, hold.cart_id::text) as subject_id,
    jsonb_build_object(
        'product_id', coalesce(moved.product_id, hold.product_id),
        'ledger', coalesce(moved.qty, 0), 'held', coalesce(hold.qty, 0)
    ) as details
from moved
full join catalog.holds as hold
    on hold.cart_id::text = moved.cart_id and hold.product_id = moved.product_id
where coalesce(moved.qty, 0) <> coalesce(hold.qty, 0)

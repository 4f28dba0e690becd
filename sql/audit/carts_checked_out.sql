-- proves: A cart is checked out by exactly one order that was confirmed, and no other is.
-- subject: cart
-- severity: error
with bought as (
    select cart_id, count(*) as orders
    from ordering.orders
    where cart_id is not null and confirmed_at is not null
    group by cart_id
)

select
    coalesce(cart.id, bought.cart_id)::text as subject_id,
    jsonb_build_object(
        'cart', coalesce(cart.status, 'missing'), 'confirmed_orders', coalesce(bought.orders, 0)
    ) as details
from ordering.carts as cart
full join bought on bought.cart_id = cart.id
where (cart.status is not distinct from 'checked_out') <> (bought.orders is not null)
    or bought.orders > 1

-- proves: Every hold belongs to a line of an open cart and keeps what the line asks for.
-- subject: cart
-- severity: error
select
    hold.cart_id::text as subject_id,
    jsonb_build_object(
        'product_id', hold.product_id, 'held', hold.qty, 'asked', coalesce(line.qty, 0),
        'cart', coalesce(cart.status, 'missing')
    ) as details
from catalog.holds as hold
left join ordering.carts as cart on cart.id = hold.cart_id
left join ordering.cart_items as line
    on line.cart_id = hold.cart_id and line.item_id = hold.product_id
where cart.status is distinct from 'open' or line.qty is distinct from hold.qty

-- proves: A cart is checked out by exactly one order that was confirmed or waits for a transfer, and no other is.
-- subject: cart
-- severity: error
with bought as (
    select orders.cart_id, count(*) as orders
    from ordering.orders as orders
    left join ordering.payments as payment
        on payment.order_id = orders.id and orders.payment_method = 'bank_transfer'
    left join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
    where orders.cart_id is not null
        and (orders.confirmed_at is not null or transfer.awaited_until is not null)
    group by orders.cart_id
)

select
    coalesce(cart.id, bought.cart_id)::text as subject_id,
    jsonb_build_object(
        'cart', coalesce(cart.status, 'missing'), 'orders', coalesce(bought.orders, 0)
    ) as details
from ordering.carts as cart
full join bought on bought.cart_id = cart.id
where (cart.status is not distinct from 'checked_out') <> (bought.orders is not null)
    or bought.orders > 1

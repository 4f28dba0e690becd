select carts.id
from ordering.carts as carts
left join ordering.orders as orders on orders.cart_id = carts.id
where carts.status = 'open'
    or not exists (select from ordering.cart_items where cart_id = carts.id)
    or (carts.status = 'checked_out' and orders.id is null)

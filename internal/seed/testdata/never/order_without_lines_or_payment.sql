select id
from ordering.orders
where not exists (select from ordering.order_items where order_id = orders.id)
    or not exists (
        select from ordering.payments where order_id = orders.id and amount = orders.total_amount
    )

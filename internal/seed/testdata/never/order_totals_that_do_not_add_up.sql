select orders.id
from ordering.orders as orders
inner join (
    select
        order_id,
        sum(qty * unit_price) as subtotal,
        sum(discount_amount) as discount_amount,
        sum(total_price) as total_price
    from ordering.order_items
    group by order_id
) as lines on lines.order_id = orders.id
where orders.subtotal <> lines.subtotal
    or orders.discount_amount <> lines.discount_amount
    or orders.subtotal - orders.discount_amount <> lines.total_price

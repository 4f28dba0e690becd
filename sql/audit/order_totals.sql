-- proves: An order has lines, and its subtotal, discount and total are theirs with tax and shipping.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'subtotal', orders.subtotal, 'lines_subtotal', lines.subtotal,
        'discount_amount', orders.discount_amount, 'lines_discount', lines.discount_amount,
        'total_amount', orders.total_amount,
        'lines_total', lines.total_price + orders.tax_amount + orders.shipping_cost
    ) as details
from ordering.orders as orders
left join (
    select
        order_id,
        sum(qty * unit_price) as subtotal,
        sum(discount_amount) as discount_amount,
        sum(total_price) as total_price
    from ordering.order_items
    group by order_id
) as lines on lines.order_id = orders.id
where orders.subtotal is distinct from lines.subtotal
    or orders.discount_amount is distinct from lines.discount_amount
    or orders.total_amount is distinct from lines.total_price + orders.tax_amount + orders.shipping_cost

-- proves: A refund is its lines with their tax and its shipping; all of an order's are no more than it cost.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'total_amount', orders.total_amount, 'given_back', back.amount,
        'lines', back.lines, 'shipping', back.shipping_amount, 'shipping_cost', orders.shipping_cost
    ) as details
from (
    select
        refund.order_id,
        sum(refund.amount) filter (where refund.status <> 'failed') as amount,
        sum(refund.shipping_amount) filter (where refund.status <> 'failed') as shipping_amount,
        sum(item.amount) as lines,
        bool_or(refund.amount <> coalesce(item.amount, 0) + refund.shipping_amount) as differs
    from ordering.refunds as refund
    left join (
        select refund_id, sum(amount + tax_amount) as amount
        from ordering.refund_items
        group by refund_id
    ) as item on item.refund_id = refund.id
    group by refund.order_id
) as back
inner join ordering.orders as orders on orders.id = back.order_id
inner join ordering.payments as payment on payment.order_id = orders.id
where back.amount > orders.total_amount
    or back.shipping_amount > orders.shipping_cost
    or (back.differs and payment.provider <> 'history') -- a history tells no tax of a line

select payment.id, payment.status
from ordering.payments as payment
inner join ordering.orders as orders on orders.id = payment.order_id
left join (
    select
        payment_id,
        coalesce(sum(amount) filter (where operation = 'capture'), 0) as captured,
        coalesce(sum(amount) filter (where operation = 'refund'), 0) as refunded
    from ordering.payment_attempts
    where outcome = 'approved'
    group by payment_id
) as moved on moved.payment_id = payment.id
left join (
    select order_id, sum(amount) as amount from ordering.refunds group by order_id
) as refund on refund.order_id = payment.order_id
where payment.captured_amount <> coalesce(moved.captured, 0)
    or payment.refunded_amount <> coalesce(moved.refunded, 0)
    or payment.refunded_amount <> coalesce(refund.amount, 0)
    or (orders.status = 'delivered' and payment.captured_amount <> orders.total_amount)
    or (orders.status = 'cancelled' and payment.captured_amount <> payment.refunded_amount)
    or (orders.status = 'returned' and payment.refunded_amount <> orders.total_amount)

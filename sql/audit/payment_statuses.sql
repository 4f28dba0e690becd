-- proves: The status of a payment is what its amounts say, and its order's is the same.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'order', orders.status, 'payment_status', orders.payment_status, 'payment', payment.status,
        'captured', payment.captured_amount, 'released', payment.released_amount,
        'refunded', payment.refunded_amount, 'amount', payment.amount
    ) as details
from ordering.orders as orders
inner join ordering.payments as payment on payment.order_id = orders.id
cross join lateral (
    select
        payment.captured_amount > 0 or payment.amount = 0 as paid,
        payment.captured_amount + payment.released_amount = payment.amount as settled
) as it
where not case payment.status
    when 'pending' then payment.refunded_amount = 0 and not (payment.captured_amount > 0 and it.settled)
    when 'authorized' then payment.refunded_amount = 0
        and not (payment.captured_amount > 0 and it.settled)
    when 'completed' then payment.refunded_amount = 0 and it.paid and it.settled
    when 'partially_refunded' then payment.refunded_amount > 0
        and not (payment.refunded_amount = payment.captured_amount and it.settled)
    when 'refunded' then payment.refunded_amount > 0
        and payment.refunded_amount = payment.captured_amount
        and it.settled
    else payment.captured_amount = 0 -- voided, failed
end
or orders.payment_status <> case
    -- The order hears of the provider's answer when it is decided.
    when orders.status = 'pending' then 'pending'
    when payment.status in ('completed', 'partially_refunded', 'refunded') then payment.status
    when orders.status = 'cancelled' then 'failed'
    when orders.payment_method in ('card', 'wallet') then 'authorized'
    else 'pending'
end

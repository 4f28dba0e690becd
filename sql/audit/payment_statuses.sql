-- proves: The payment status of an order is what its payment's amounts say.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'payment_status', orders.payment_status, 'payment', payment.status,
        'captured', payment.captured_amount, 'refunded', payment.refunded_amount,
        'amount', payment.amount
    ) as details
from ordering.orders as orders
inner join ordering.payments as payment on payment.order_id = orders.id
where not case orders.payment_status
    when 'pending' then payment.captured_amount = 0
    when 'authorized' then payment.refunded_amount = 0
    when 'completed' then payment.captured_amount > 0 or payment.amount = 0
    when 'failed' then payment.captured_amount = payment.refunded_amount
    when 'partially_refunded' then payment.refunded_amount > 0
        and payment.refunded_amount < payment.captured_amount
    when 'refunded' then payment.refunded_amount > 0
        and payment.refunded_amount = payment.captured_amount
end

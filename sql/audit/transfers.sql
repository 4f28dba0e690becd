-- proves: What a bank transfer has brought and sent back is what was told, an order takes no more than came, and the rest goes back within the limit.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'status', orders.status, 'received', transfer.received_amount,
        'told_received', coalesce(told.received, 0), 'sent_back', transfer.sent_back_amount,
        'told_sent_back', coalesce(told.sent_back, 0), 'captured', payment.captured_amount
    ) as details
from ordering.bank_transfers as transfer
inner join ordering.payments as payment on payment.id = transfer.payment_id
inner join ordering.orders as orders on orders.id = payment.order_id
left join (
    select
        payment_id,
        sum(amount) filter (where operation = 'receive') as received,
        sum(amount) filter (where operation = 'send_back') as sent_back,
        max(occurred_at) as last_told
    from ordering.payment_attempts
    where operation in ('receive', 'send_back') and outcome = 'approved'
    group by payment_id
) as told on told.payment_id = payment.id
where transfer.received_amount <> coalesce(told.received, 0)
    or transfer.sent_back_amount <> coalesce(told.sent_back, 0)
    or payment.captured_amount > transfer.received_amount - transfer.sent_back_amount
    or (
        orders.status <> 'pending'
        and payment.captured_amount < transfer.received_amount - transfer.sent_back_amount
        and greatest(told.last_told, coalesce(orders.confirmed_at, orders.updated_at))
        < now() - make_interval(secs => (@limits::jsonb ->> 'payment')::float8)
    )

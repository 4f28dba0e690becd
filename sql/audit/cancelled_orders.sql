-- proves: A cancelled order keeps no money, once the time for its refund is over.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'cancel_reason', orders.cancel_reason, 'captured', payment.captured_amount,
        'refunded', payment.refunded_amount
    ) as details
from ordering.orders as orders
inner join ordering.payments as payment on payment.order_id = orders.id
where orders.status = 'cancelled'
    and payment.captured_amount <> payment.refunded_amount
    and greatest(orders.updated_at, payment.updated_at) < now() - make_interval(secs => (@limits::jsonb ->> 'refund')::float8)

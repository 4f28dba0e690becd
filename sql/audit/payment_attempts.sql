-- proves: What a payment says was captured and refunded is what the provider approved.
-- subject: payment
-- severity: error
select
    payment.id::text as subject_id,
    jsonb_build_object(
        'order_id', payment.order_id,
        'captured', payment.captured_amount, 'approved_captures', coalesce(moved.captured, 0),
        'refunded', payment.refunded_amount, 'approved_refunds', coalesce(moved.refunded, 0)
    ) as details
from ordering.payments as payment
left join (
    select
        payment_id,
        coalesce(sum(amount) filter (where operation = 'capture'), 0) as captured,
        coalesce(sum(amount) filter (where operation = 'refund'), 0)
        - coalesce(sum(amount) filter (where operation = 'refund_reversal'), 0) as refunded
    from ordering.payment_attempts
    where outcome = 'approved'
    group by payment_id
) as moved on moved.payment_id = payment.id
where payment.captured_amount <> coalesce(moved.captured, 0)
    or payment.refunded_amount <> coalesce(moved.refunded, 0)

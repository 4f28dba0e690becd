-- proves: Whatever was asked of a payment provider has been answered within the limit.
-- subject: payment
-- severity: error
select
    attempt.payment_id::text as subject_id,
    jsonb_build_object(
        'order_id', payment.order_id, 'operation', attempt.operation,
        'since', ordering.rfc3339(min(attempt.occurred_at)),
        'attempts', count(*), 'last_outcome', (array_agg(attempt.outcome order by attempt.id desc))[1]
    ) as details
from ordering.payment_attempts as attempt
inner join ordering.payments as payment on payment.id = attempt.payment_id
where attempt.operation <> 'lookup'
    -- A void settles what was asked before it, answered or not: nothing is set aside any more.
    and not exists (
        select 1
        from ordering.payment_attempts as void
        where void.payment_id = attempt.payment_id
            and void.id > attempt.id
            and void.operation = 'void'
            and void.outcome = 'approved'
    )
group by attempt.payment_id, payment.order_id, attempt.operation, attempt.idempotency_key
having not bool_or(attempt.outcome in ('approved', 'declined'))
    and (array_agg(attempt.outcome order by attempt.id desc))[1] in ('asked', 'unknown')
    and min(attempt.occurred_at) < now() - make_interval(secs => (@limits::jsonb ->> 'payment')::float8)

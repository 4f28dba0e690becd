-- proves: What was paid back and released of an order is what its completed refunds say, by kind.
-- subject: order
-- severity: error
select
    payment.order_id::text as subject_id,
    jsonb_build_object(
        'refunded', payment.refunded_amount, 'completed_refunds', coalesce(refund.completed, 0),
        'pending_refunds', coalesce(refund.pending, 0), 'released', payment.released_amount,
        'completed_releases', coalesce(refund.released, 0)
    ) as details
from ordering.payments as payment
left join (
    select
        order_id,
        coalesce(sum(amount) filter (where kind = 'refund' and status = 'completed'), 0) as completed,
        coalesce(sum(amount) filter (where kind = 'refund' and status = 'pending'), 0) as pending,
        coalesce(sum(amount) filter (where kind = 'release'), 0) as released
    from ordering.refunds
    group by order_id
) as refund on refund.order_id = payment.order_id
-- The provider's word is written down before the refund is closed.
where payment.refunded_amount < coalesce(refund.completed, 0)
    or payment.refunded_amount > coalesce(refund.completed + refund.pending, 0)
    or payment.released_amount <> coalesce(refund.released, 0)

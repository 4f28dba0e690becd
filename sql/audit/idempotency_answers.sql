-- proves: Every idempotency key keeps the answer that its order, refund, return, move of stock or product deserves.
-- subject: order
-- severity: error
select
    keys.order_id::text as subject_id,
    jsonb_build_object(
        'operation', keys.operation, 'status', coalesce(orders.status, 'missing'),
        'response_status', keys.response_status, 'answered', keys.response ->> 'id'
    ) as details
from ordering.idempotency_keys as keys
left join ordering.orders as orders on orders.id = keys.order_id
left join ordering.payments as payment on payment.order_id = orders.id
left join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
-- What comes after the sale is answered when it is written down.
where case
    when keys.operation = 'refund'
        then not exists (select 1 from ordering.refunds where refunds.id = keys.order_id)
    when keys.operation = 'return'
        then not exists (select 1 from ordering.returns where returns.id = keys.order_id)
    -- Their keys name nothing: the answer does.
    when keys.operation = 'stock'
        then not exists (
            select 1 from catalog.stock_ledger where stock_ledger.id = (keys.response ->> 'id')::bigint
        )
    when keys.operation = 'product'
        then not exists (select 1 from catalog.products where products.id = (keys.response ->> 'id')::bigint)
    else
        orders.id is null
        or (orders.status <> 'pending' and keys.response_status is null)
        or (orders.confirmed_at is not null and keys.response_status not between 200 and 299)
        -- Who pays by transfer is told that the order waits for it, whatever comes of that.
        or (
            orders.confirmed_at is null
            and keys.response_status between 200 and 299
            and (keys.response_status <> 202 or transfer.awaited_until is null)
        )
    end
    or (
        keys.operation not in ('stock', 'product')
        and keys.response_status between 200 and 299
        and keys.response ->> 'id' is distinct from keys.order_id::text
    )

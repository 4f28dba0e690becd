-- name: AskPayment :one
-- Writes down that the provider is about to be asked. unresolved: it was asked this before, and
-- what came of it is not known.
with asked as (
    insert into ordering.payment_attempts (
        payment_id, operation, idempotency_key, amount, currency, outcome
    )
    select
        paying.id, @operation, @key, coalesce(sqlc.narg(part)::numeric(18, 2), paying.amount),
        paying.currency, 'asked'
    from ordering.payments as paying
    where paying.id = @payment_id
    returning payment_id, amount
)

select
    payment.id,
    payment.order_id,
    payment.token,
    payment.currency,
    asked.amount,
    exists (
        select 1
        from ordering.payment_attempts as earlier
        where earlier.payment_id = payment.id
            and earlier.operation = @operation
            and earlier.idempotency_key = @key
    ) as unresolved
from asked
inner join ordering.payments as payment on payment.id = asked.payment_id;

-- name: RecordPayment :exec
select
    ordering.record_payment(
        @payment_id, @operation, @key, @amount::numeric(18, 2), @outcome,
        sqlc.narg(decline_code)::text, sqlc.narg(reference)::text
    );

-- name: PaymentOfOrder :one
select * from ordering.payments where order_id = @order_id;

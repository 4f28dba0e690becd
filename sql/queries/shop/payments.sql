-- name: AskPayment :one
-- Writes down that the provider is about to be asked for something, unless it is known what came
-- of that. The idempotency key comes from what is asked for: the order's payment, or one part of
-- it. earlier is empty for the first time; asked and unknown mean: look it up before asking. Where
-- nobody is asked (provider manual) there is no question to write down, only its answer.
with payment as (
    select
        paying.id,
        paying.order_id,
        paying.provider,
        paying.token,
        paying.currency,
        coalesce(sqlc.narg(part_amount)::numeric(18, 2), paying.amount)::numeric(18, 2) as amount,
        sqlc.arg(operation)::text || '/' || coalesce(sqlc.narg(part_id)::uuid, paying.id) as key
    from ordering.payments as paying
    where paying.order_id = sqlc.arg(order_id)
),

earlier as (
    select attempt.outcome, attempt.decline_code
    from ordering.payment_attempts as attempt
    inner join payment
        on payment.id = attempt.payment_id and payment.key = attempt.idempotency_key
    where attempt.operation = sqlc.arg(operation)::text
    order by (attempt.outcome in ('approved', 'declined')) desc, attempt.id desc
    limit 1
),

asked as (
    insert into ordering.payment_attempts (
        payment_id, operation, idempotency_key, amount, currency, outcome
    )
    select
        payment.id, sqlc.arg(operation)::text, payment.key, payment.amount, payment.currency, 'asked'
    from payment
    where payment.provider <> 'manual'
        and not exists (select 1 from earlier where outcome in ('approved', 'declined'))
)

select
    payment.id,
    payment.order_id,
    payment.provider,
    payment.token,
    payment.currency,
    payment.amount,
    payment.key::text as key,
    coalesce(earlier.outcome, '')::text as earlier,
    coalesce(earlier.decline_code, '')::text as earlier_code
from payment
left join earlier on true;

-- name: RecordPayment :exec
select
    ordering.record_payment(
        @payment_id, @operation, @key, @amount::numeric(18, 2), @outcome,
        sqlc.narg(decline_code)::text, sqlc.narg(reference)::text
    );

-- name: PaymentAttempts :many
select attempt.*
from ordering.payment_attempts as attempt
inner join ordering.payments as payment on payment.id = attempt.payment_id
where payment.order_id = @order_id
order by attempt.id;

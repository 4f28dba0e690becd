-- name: AskPayment :one
-- Writes down that the provider is about to be asked for something, unless it is known what came
-- of that. The idempotency key comes from what is asked for: the order's payment, or one part of
-- it. earlier is empty for the first time; asked and unknown mean: look it up before asking. A void
-- is asked for anew when an approval was learned of after it. What was asked for before is asked for
-- with the amount of then: the same key with another amount is another question. Where
-- nobody is asked (provider manual) there is no question to write down, only its answer; and what was
-- captured whole with the order's confirmation has no parts to capture.
with payment as (
    select
        paying.id,
        paying.order_id,
        paying.provider,
        paying.method,
        paying.provider_reference,
        paying.token,
        paying.currency,
        paying.method in ('cash', 'bank_transfer') and paying.captured_amount = paying.amount
        as whole,
        coalesce(
            (
                select first.amount
                from ordering.payment_attempts as first
                where first.payment_id = paying.id
                    and first.operation = sqlc.arg(operation)::text
                    and first.idempotency_key
                    = sqlc.arg(operation)::text || '/' || coalesce(sqlc.narg(part_id)::uuid, paying.id)
                order by first.id
                limit 1
            ),
            sqlc.narg(part_amount)::numeric(18, 2),
            paying.amount
        )::numeric(18, 2) as amount,
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
        and (
            attempt.operation <> 'void'
            or attempt.id >= (
                select min(asked.id)
                from ordering.payment_attempts as asked
                where asked.payment_id = payment.id
                    and asked.operation = 'void'
                    and asked.outcome = 'asked'
                    and asked.id > coalesce((
                        select max(late.id)
                        from ordering.payment_attempts as late
                        where late.payment_id = payment.id
                            and late.operation = 'authorize'
                            and late.outcome = 'approved'
                    ), 0)
            )
        )
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
        and not (payment.whole and sqlc.arg(operation)::text = 'capture')
        and not exists (select 1 from earlier where outcome in ('approved', 'declined'))
)

select
    payment.id,
    payment.order_id,
    payment.provider,
    payment.method,
    payment.provider_reference,
    payment.token,
    payment.currency,
    payment.amount,
    payment.key::text as key,
    case
        when payment.whole and sqlc.arg(operation)::text = 'capture' then 'approved'
        else coalesce(earlier.outcome, '')
    end::text as earlier,
    coalesce(earlier.decline_code, '')::text as earlier_code
from payment
left join earlier on true;

-- name: RecordPayment :exec
select
    ordering.record_payment(
        @payment_id, @operation, @key, @amount::numeric(18, 2), @outcome,
        sqlc.narg(decline_code)::text, sqlc.narg(reference)::text,
        sqlc.narg(instructions)::jsonb
    );

-- name: SellAuthorized :one
select
    ordering.sell_authorized(
        @payment_id, @key, @amount::numeric(18, 2), sqlc.narg(reference)::text
    )::jsonb as sale;

-- name: AwaitTransfer :exec
select
    ordering.await_transfer(
        @order_id, now() + make_interval(secs => @patience_seconds::float8)
    );

-- name: TransferOf :one
-- How the transfer of an order stands.
select
    payment.id,
    payment.provider,
    orders.status,
    (transfer.received_amount >= payment.amount)::boolean as whole,
    extract(epoch from (transfer.awaited_until - clock_timestamp()))::float8 as seconds_left
from ordering.orders
inner join ordering.payments as payment on payment.order_id = orders.id
inner join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
where orders.id = @order_id;

-- name: AskSendBack :one
select ordering.ask_send_back(@order_id) as asked;

-- name: TakePaymentWebhook :one
select
    ordering.take_payment_webhook(
        @source, @event_id, @payload, sqlc.narg(payment_id)::uuid, sqlc.narg(operation)::text,
        @key, @amount::numeric(18, 2), @outcome, sqlc.narg(decline_code)::text,
        sqlc.narg(reference)::text
    ) as taken;

-- name: TransfersToSettle :many
-- Orders after one whose checkout has to see to a bank transfer: those that wait for theirs, and
-- those decided for which money has arrived that is not the order's.
select orders.id
from ordering.bank_transfers as transfer
inner join ordering.payments as payment on payment.id = transfer.payment_id
inner join ordering.orders on orders.id = payment.order_id
where orders.id > @after::uuid
    and (
        (orders.status = 'pending' and transfer.awaited_until is not null)
        or (
            orders.status <> 'pending'
            and transfer.received_amount - transfer.sent_back_amount > payment.captured_amount
            and not exists (
                select 1
                from ordering.payment_attempts as refused
                where refused.payment_id = payment.id
                    and refused.operation = 'send_back'
                    and refused.outcome = 'declined'
                    -- More may have arrived since: see ask_send_back.
                    and refused.idempotency_key
                    = 'send_back/' || payment.id || '/' || transfer.received_amount
            )
        )
    )
order by orders.id
limit @most;

-- name: PaymentIsLost :one
select (lost_at is not null)::boolean as lost from ordering.payments where order_id = @order_id;

-- name: OrdersNobodyPaysFor :many
-- Sold orders after one whose provider has let go of what it had set aside, and of which something
-- waits to be sent.
select payment.order_id
from ordering.payments as payment
inner join ordering.orders on orders.id = payment.order_id
where payment.lost_at is not null
    and payment.order_id > @after::uuid
    and orders.status = 'confirmed'
    and (
        not exists (select from ordering.shipments where shipments.order_id = orders.id)
        or exists (
            select
            from ordering.shipments
            where shipments.order_id = orders.id and shipments.status in ('pending', 'packed')
        )
    )
order by payment.order_id
limit @most;

-- name: PaymentAttempts :many
select attempt.*
from ordering.payment_attempts as attempt
inner join ordering.payments as payment on payment.id = attempt.payment_id
where payment.order_id = @order_id
order by attempt.id;

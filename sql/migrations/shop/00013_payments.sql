-- +goose Up
-- What the shop knows of its payments.

-- Writes down the provider's answer to one thing that was asked of it, once however often it is
-- told, and what follows for the payment and its order. An answer that comes late is written down
-- and changes nothing: what was voided stays so.
-- +goose StatementBegin
create function ordering.record_payment(
    p_payment_id uuid,
    p_operation text,
    p_key text,
    p_amount numeric,
    p_outcome text,
    p_decline_code text,
    p_reference text
) returns void
language plpgsql as $$
declare
    paying ordering.payments;
begin
    perform 1
    from ordering.orders
    where id = (select order_id from ordering.payments where id = p_payment_id)
    for no key update;
    select * into paying from ordering.payments where id = p_payment_id for no key update;
    perform 1
    from ordering.payment_attempts
    where payment_id = p_payment_id
        and operation = p_operation
        and idempotency_key = p_key
        and outcome in ('approved', 'declined');
    if found then
        return;
    end if;

    insert into ordering.payment_attempts (
        payment_id, operation, idempotency_key, amount, currency, outcome, decline_code,
        provider_reference
    ) values (
        p_payment_id, p_operation, p_key, p_amount, paying.currency, p_outcome, p_decline_code,
        p_reference
    );
    case p_operation || ' ' || p_outcome
        when 'authorize approved' then
            update ordering.payments
            set
                status = 'authorized',
                authorized_amount = p_amount,
                provider_reference = p_reference,
                token = null
            where id = p_payment_id and status = 'pending';
        when 'authorize declined' then
            update ordering.payments
            set
                status = 'failed',
                provider_reference = p_reference,
                token = null
            where id = p_payment_id and status = 'pending';
        when 'void approved' then
            update ordering.payments
            set
                status = 'voided',
                token = null
            where id = p_payment_id and status in ('pending', 'authorized');
        when 'capture approved' then
            update ordering.payments
            set
                captured_amount = captured_amount + p_amount,
                status = case
                    when
                        captured_amount + p_amount + released_amount = amount
                        and status in ('pending', 'authorized') then 'completed'
                    else status
                end
            where id = p_payment_id
            returning * into paying;
        when 'refund approved' then
            update ordering.payments
            set
                refunded_amount = refunded_amount + p_amount,
                status = case
                    when
                        refunded_amount + p_amount = captured_amount
                        and captured_amount + released_amount = amount then 'refunded'
                    else 'partially_refunded'
                end
            where id = p_payment_id
            returning * into paying;
        else null; -- what is unknown or has failed changes nothing
    end case;
    if paying.status in ('completed', 'partially_refunded', 'refunded') then
        update ordering.orders
        set payment_status = paying.status
        where id = paying.order_id and payment_status <> paying.status;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.record_payment;

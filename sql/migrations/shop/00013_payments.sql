-- +goose Up
-- What the shop knows of its payments. MC040: a transfer has not arrived; MC041: more would be
-- captured than the order costs, or refunded than was captured; MC042: a void would take the money of
-- a sold order.

create index webhook_receipts_unhandled_idx on ordering.webhook_receipts (received_at)
where handled_at is null;
create index bank_transfers_open_idx on ordering.bank_transfers (payment_id)
where received_amount > sent_back_amount;

-- lost_at is when the provider let go, by itself, of money that was still to be captured: an
-- authorisation that has expired, or was cancelled by somebody else.
alter table ordering.payments add column lost_at timestamptz;
create index payments_lost_idx on ordering.payments (order_id) where lost_at is not null;

-- A void is asked for when the order is cancelled, or nothing of it is left to capture. Neither ever
-- becomes untrue, so nothing has to be locked.
-- +goose StatementBegin
create function ordering.check_void() returns trigger
language plpgsql as $$
begin
    perform 1
    from ordering.payments as payment
    inner join ordering.orders on orders.id = payment.order_id
    where payment.id = new.payment_id
        and orders.status <> 'cancelled'
        and payment.captured_amount + payment.released_amount < payment.amount
        and (new.outcome = 'asked' or payment.provider = 'manual');
    if found then
        raise exception 'payment %: its order is sold', new.payment_id
            using errcode = 'MC042', constraint = tg_name;
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger payment_attempts_void before insert on ordering.payment_attempts
for each row when (new.operation = 'void')
execute function ordering.check_void();

-- Writes down the provider's answer to one thing that was asked of it, once however often and by
-- whomever it is told, and what follows for the payment and its order; true when this was the first
-- to tell. An answer that comes late is written down and changes nothing that was decided since, but
-- one: money that was set aside and has been voided in vain, for the provider did not know of it yet
-- or took the two in another order, is authorised until it is voided anew. A void that is told while
-- there is something left to capture was asked for by nobody here: the payment is lost (see lost_at).
-- +goose StatementBegin
create function ordering.record_payment(
    p_payment_id uuid,
    p_operation text,
    p_key text,
    p_amount numeric,
    p_outcome text,
    p_decline_code text,
    p_reference text,
    p_instructions jsonb default null
) returns boolean
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    paying ordering.payments;
    arrived numeric;
    void_asked bigint;
    in_vain boolean := false;
begin
    perform 1
    from ordering.orders
    where id = (select order_id from ordering.payments where id = p_payment_id)
    for no key update;
    select * into paying from ordering.payments where id = p_payment_id for no key update;
    if p_operation = 'void' then
        -- The answer to a void counts when the question came after all that was set aside.
        select max(id) into void_asked
        from ordering.payment_attempts
        where payment_id = p_payment_id and operation = 'void' and outcome = 'asked';
        select coalesce(max(id) > void_asked, false) into in_vain
        from ordering.payment_attempts
        where payment_id = p_payment_id and operation = 'authorize' and outcome = 'approved';
    end if;
    perform 1
    from ordering.payment_attempts
    where payment_id = p_payment_id
        and operation = p_operation
        and idempotency_key = p_key
        and outcome in ('approved', 'declined')
        and (
            p_operation <> 'void'
            or paying.provider = 'manual'
            or (id > coalesce(void_asked, 0) and not in_vain)
        );
    if found then
        return false;
    end if;
    if p_outcome = 'approved' and (
        (p_operation = 'capture' and paying.captured_amount + p_amount > paying.amount)
        or (
            p_operation = 'refund'
            and paying.refunded_amount + p_amount > paying.captured_amount
        )
    ) then
        raise exception 'payment %: % of % exceeds what there is', p_payment_id, p_operation, p_amount
            using errcode = 'MC041';
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
                status = case
                    when status in ('pending', 'voided') then 'authorized' else status
                end,
                authorized_amount = p_amount,
                provider_reference = coalesce(p_reference, provider_reference),
                token = null
            where id = p_payment_id and status <> 'failed';
        when 'authorize declined' then
            update ordering.payments
            set
                status = 'failed',
                provider_reference = coalesce(p_reference, provider_reference),
                token = null
            where id = p_payment_id and status = 'pending';
        when 'void approved' then
            update ordering.payments
            set
                status = 'voided',
                token = null
            where id = p_payment_id
                and status in ('pending', 'authorized')
                and captured_amount = 0
                and not in_vain;
            update ordering.payments
            set lost_at = now()
            where id = p_payment_id
                and method in ('card', 'wallet')
                and captured_amount + released_amount < amount
                and lost_at is null
                and exists (
                    select from ordering.orders where orders.id = order_id and orders.status <> 'cancelled'
                );
            if found then
                insert into ordering.order_events (order_id, type, data)
                values (
                    paying.order_id, 'payment.lost',
                    jsonb_build_object(
                        'amount', paying.amount - paying.captured_amount - paying.released_amount
                    )
                );
            end if;
        when 'capture approved' then
            update ordering.payments
            set
                captured_amount = captured_amount + p_amount,
                provider_reference = coalesce(p_reference, provider_reference),
                status = case
                    when
                        captured_amount + p_amount + released_amount = amount
                        and status in ('pending', 'authorized', 'voided') then 'completed'
                    when status = 'voided' then 'authorized' -- it was captured before the rest was let go
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
        when 'instruct approved' then
            insert into ordering.bank_transfers (payment_id, instructions)
            values (p_payment_id, p_instructions)
            on conflict (payment_id) do update set instructions = excluded.instructions;
            update ordering.payments
            set provider_reference = p_reference
            where id = p_payment_id;
        when 'receive approved' then
            insert into ordering.bank_transfers as transfer (payment_id, received_amount)
            values (p_payment_id, p_amount)
            on conflict (payment_id) do update
            set received_amount = transfer.received_amount + excluded.received_amount
            returning received_amount into arrived;
            insert into ordering.order_events (order_id, type, data)
            values (
                paying.order_id, 'payment.received',
                jsonb_build_object('amount', p_amount, 'received_amount', arrived)
            );
        when 'send_back approved' then
            update ordering.bank_transfers
            set sent_back_amount = sent_back_amount + p_amount
            where payment_id = p_payment_id;
            insert into ordering.order_events (order_id, type, data)
            values (
                paying.order_id, 'payment.sent_back', jsonb_build_object('amount', p_amount)
            );
        else null; -- what is unknown or has failed changes nothing
    end case;
    if paying.status in ('completed', 'partially_refunded', 'refunded') then
        update ordering.orders
        set payment_status = paying.status
        where id = paying.order_id and payment_status <> paying.status;
    end if;
    return true;
end
$$;
-- +goose StatementEnd

-- Writes down that a payment is authorised, and sells its order by the same transaction; see
-- confirm_order for what it returns.
-- +goose StatementBegin
create function ordering.sell_authorized(
    p_payment_id uuid, p_key text, p_amount numeric, p_reference text
) returns jsonb
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    perform ordering.record_payment(
        p_payment_id, 'authorize', p_key, p_amount, 'approved', null, p_reference
    );
    return ordering.confirm_order(
        (select order_id from ordering.payments where id = p_payment_id)
    );
end
$$;
-- +goose StatementEnd

-- Has a pending order wait for its bank transfer: the order as it is, with the instructions for its
-- customer, becomes the answer to its idempotency key, and its cart is theirs no longer, for they
-- may want to buy something else meanwhile.
-- +goose StatementBegin
create function ordering.await_transfer(p_order_id uuid, p_until timestamptz) returns void
language plpgsql as $$
declare
    waiting ordering.orders;
begin
    select * into waiting from ordering.orders where id = p_order_id for no key update;
    if waiting.status <> 'pending' then
        return;
    end if;
    perform 1 from ordering.carts where id = waiting.cart_id for no key update;
    update ordering.bank_transfers
    set awaited_until = p_until
    where awaited_until is null
        and payment_id = (select id from ordering.payments where order_id = p_order_id);
    if not found then
        return;
    end if;
    update ordering.carts
    set
        status = 'checked_out',
        checked_out_at = now()
    where id = waiting.cart_id and status = 'open';
    insert into ordering.order_events (order_id, type, data)
    values (p_order_id, 'payment.awaited', jsonb_build_object('until', p_until));
    update ordering.idempotency_keys
    set
        response_status = 202,
        response = ordering.order_document(p_order_id),
        completed_at = now()
    where order_id = p_order_id and completed_at is null;
end
$$;
-- +goose StatementEnd

-- Writes down that money which no order wants is about to be sent back: what has arrived for an
-- order beyond what it has captured, once it is decided. Null when there is none. One such question
-- is open at a time: until it is answered, it is asked again, for the same amount under the same key.
-- +goose StatementBegin
create function ordering.ask_send_back(p_order_id uuid) returns jsonb
language plpgsql as $$
declare
    paying ordering.payments;
    transfer ordering.bank_transfers;
    asking record;
    decided boolean;
begin
    select status <> 'pending' into decided
    from ordering.orders
    where id = p_order_id
    for no key update;
    select * into paying from ordering.payments where order_id = p_order_id for no key update;
    select * into transfer from ordering.bank_transfers where payment_id = paying.id;
    select asked.idempotency_key as key, asked.amount into asking
    from ordering.payment_attempts as asked
    where asked.payment_id = paying.id
        and asked.operation = 'send_back'
        and not exists (
            select 1
            from ordering.payment_attempts as answered
            where answered.payment_id = paying.id
                and answered.idempotency_key = asked.idempotency_key
                and answered.outcome in ('approved', 'declined')
        )
    limit 1;
    if asking.key is not null then
        return jsonb_build_object(
            'payment_id', paying.id, 'provider', paying.provider, 'key', asking.key,
            'amount', asking.amount, 'again', true
        );
    end if;
    asking.amount := transfer.received_amount - transfer.sent_back_amount - paying.captured_amount;
    if not decided or coalesce(asking.amount, 0) <= 0 then
        return null;
    end if;
    -- Where a refusal is final, the same amount is not asked for again before more has arrived.
    asking.key := 'send_back/' || paying.id || '/' || transfer.received_amount;
    perform 1
    from ordering.payment_attempts
    where payment_id = paying.id and idempotency_key = asking.key;
    if found then
        return null;
    end if;
    insert into ordering.payment_attempts (
        payment_id, operation, idempotency_key, amount, currency, outcome
    ) values (paying.id, 'send_back', asking.key, asking.amount, paying.currency, 'asked');
    return jsonb_build_object(
        'payment_id', paying.id, 'provider', paying.provider, 'key', asking.key,
        'amount', asking.amount, 'again', false
    );
end
$$;
-- +goose StatementEnd

-- Writes down that a refund which was on its way, or was made, has failed at the provider after all:
-- the money is the shop's again, and the refund has failed, so that it can be asked for again. Where the
-- shop did not know yet that it was made, it is refused. True when this was the first to tell.
-- +goose StatementBegin
create function ordering.refund_came_back(
    p_payment_id uuid, p_key text, p_amount numeric, p_reason text, p_reference text
) returns boolean
language plpgsql as $$
declare
    paying ordering.payments;
    made ordering.payment_attempts;
begin
    perform 1
    from ordering.orders
    where id = (select order_id from ordering.payments where id = p_payment_id)
    for no key update;
    select * into paying from ordering.payments where id = p_payment_id for no key update;
    select * into made
    from ordering.payment_attempts
    where payment_id = p_payment_id
        and operation = 'refund'
        and idempotency_key = p_key
        and outcome = 'approved';
    if not found then
        return ordering.record_payment(
            p_payment_id, 'refund', p_key, p_amount, 'declined', p_reason, p_reference
        );
    end if;
    perform 1
    from ordering.payment_attempts
    where payment_id = p_payment_id and operation = 'refund_reversal' and idempotency_key = p_key;
    if found then
        return false;
    end if;
    insert into ordering.payment_attempts (
        payment_id, operation, idempotency_key, amount, currency, outcome, decline_code,
        provider_reference
    ) values (
        p_payment_id, 'refund_reversal', p_key, made.amount, made.currency, 'approved', p_reason,
        p_reference
    );
    update ordering.payments
    set
        refunded_amount = refunded_amount - made.amount,
        status = case
            when refunded_amount > made.amount then 'partially_refunded'
            when captured_amount + released_amount = amount then 'completed'
            else 'authorized'
        end
    where id = p_payment_id
    returning * into paying;
    update ordering.orders
    set payment_status = paying.status
    where id = paying.order_id and payment_status <> paying.status;
    update ordering.refunds
    set
        status = 'failed',
        failure = p_reason,
        completed_at = null
    where 'refund/' || id = p_key
        and order_id = paying.order_id
        and status in ('pending', 'completed');
    insert into ordering.order_events (order_id, type, data)
    values (
        paying.order_id, 'refund.failed',
        jsonb_build_object(
            'refund_id', substr(p_key, length('refund/') + 1), 'amount', made.amount, 'reason', p_reason
        )
    );
    return true;
end
$$;
-- +goose StatementEnd

-- Takes a provider's webhook: keeps it, and writes down what it tells as record_payment does. It
-- returns the order's id (null when no payment here has p_payment_id), whether the webhook was
-- handled before, whether the order's checkout has to hear of it, and whether it is sold and nobody pays
-- for it any more (lost). A webhook of which nobody has to hear is handled by this; any other once its
-- sender says so (WebhookHandled).
-- +goose StatementBegin
create function ordering.take_payment_webhook(
    p_source text,
    p_event_id text,
    p_payload jsonb,
    p_payment_id uuid,
    p_operation text,
    p_key text,
    p_amount numeric,
    p_outcome text,
    p_decline_code text,
    p_reference text
) returns jsonb
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    taken ordering.webhook_receipts;
    paying_for uuid;
    news boolean := false;
    wanted boolean;
    lost boolean;
begin
    select order_id into paying_for
    from ordering.payments
    where id = p_payment_id and provider = p_source;
    perform 1 from ordering.orders where id = paying_for for no key update;
    insert into ordering.webhook_receipts (source, event_id, payload)
    values ('payments/' || p_source, p_event_id, p_payload)
    on conflict (source, event_id) do nothing;
    select * into taken
    from ordering.webhook_receipts
    where source = 'payments/' || p_source and event_id = p_event_id
    for no key update;
    if taken.handled_at is not null or paying_for is null then
        return jsonb_build_object(
            'order_id', paying_for, 'handled', taken.handled_at is not null, 'wanted', false, 'lost', false
        );
    end if;
    if p_operation = 'refund' and p_outcome = 'declined' and p_key <> '' then
        news := ordering.refund_came_back(
            p_payment_id, p_key, p_amount, coalesce(p_decline_code, 'refund_failed'), p_reference
        );
    elsif p_operation is not null and p_key <> '' then
        news := ordering.record_payment(
            p_payment_id, p_operation, p_key, p_amount, p_outcome, p_decline_code, p_reference
        );
    end if;
    -- An answer that this is not the first to tell is known to whoever asked. It is told again when
    -- an earlier delivery of this message may have died before it told.
    wanted := p_operation in ('authorize', 'receive')
        and (news or taken.received_at < now());
    lost := p_operation = 'void' and exists (
        select
        from ordering.payments
        inner join ordering.orders on orders.id = payments.order_id
        where payments.id = p_payment_id
            and payments.lost_at is not null
            and orders.status = 'confirmed'
    );
    if not wanted and not lost then
        update ordering.webhook_receipts
        set handled_at = now()
        where source = taken.source and event_id = taken.event_id;
    end if;
    return jsonb_build_object(
        'order_id', paying_for, 'handled', false, 'wanted', coalesce(wanted, false), 'lost', coalesce(lost, false)
    );
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.take_payment_webhook;
drop function ordering.refund_came_back;
drop function ordering.ask_send_back;
drop function ordering.await_transfer;
drop function ordering.sell_authorized;
drop function ordering.record_payment;
drop trigger payment_attempts_void on ordering.payment_attempts;
drop function ordering.check_void;
alter table ordering.payments drop column lost_at;
drop index ordering.bank_transfers_open_idx;
drop index ordering.webhook_receipts_unhandled_idx;

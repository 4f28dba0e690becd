-- +goose Up
-- The steps of the checkout saga. Each is safe to ask for again.

-- What is still to be settled with the provider.
create index payments_unsettled_idx on ordering.payments (order_id)
where status in ('pending', 'authorized');

-- Turns the cart's holds into the order's reservation; what has no hold any more is reserved
-- anew. Raises MC001 where too little is free, and leaves the holds as they were. It returns the
-- order's status (one that is not pending any more was seen to before, and nothing is reserved), how
-- it is paid, whether its customer was told where to send the money, and whether it shall be
-- cancelled: nothing is reserved for such a one. What the provider of a card or wallet is asked next
-- is written down with the reservation, and is in the question; null when it was before, or nobody
-- is asked.
-- +goose StatementBegin
create function ordering.reserve_order(p_order_id uuid) returns jsonb
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    reserving ordering.orders;
    products bigint[];
    quantities bigint[];
    question jsonb;
begin
    select * into reserving from ordering.orders where id = p_order_id for no key update;
    if reserving.status = 'pending' and reserving.cancel_request is null then
        select array_agg(item_id), array_agg(qty) into products, quantities
        from ordering.order_items
        where order_id = p_order_id and reserved_qty = 0;
    end if;
    if products is not null then
        perform catalog.reserve_held(products, quantities, reserving.cart_id, p_order_id);
        update ordering.order_items set reserved_qty = qty where order_id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.reserved');
        with asked as (
            insert into ordering.payment_attempts (
                payment_id, operation, idempotency_key, amount, currency, outcome
            )
            select id, 'authorize', 'authorize/' || id, amount, currency, 'asked'
            from ordering.payments
            where order_id = p_order_id and method in ('card', 'wallet') and provider <> 'manual'
            returning payment_id, idempotency_key
        )

        select
            jsonb_build_object(
                'payment_id', paying.id, 'provider', paying.provider, 'method', paying.method,
                'token', paying.token, 'amount', paying.amount::text, 'currency', paying.currency,
                'key', asked.idempotency_key
            )
        into question
        from asked
        inner join ordering.payments as paying on paying.id = asked.payment_id;
    end if;
    return jsonb_build_object(
        'status', reserving.status,
        'payment_method', reserving.payment_method,
        'question', question,
        'stopped', reserving.status = 'pending' and reserving.cancel_request is not null,
        'awaited', reserving.payment_method = 'bank_transfer' and exists (
            select 1
            from ordering.bank_transfers as transfer
            inner join ordering.payments as payment on payment.id = transfer.payment_id
            where payment.order_id = p_order_id and transfer.awaited_until is not null
        )
    );
end
$$;
-- +goose StatementEnd

-- Sells what the order has reserved: stock leaves the shelf, the cart is checked out, and the
-- order as it is now becomes the answer to its idempotency key. What is paid by now, in cash at the
-- counter or by a transfer that has arrived, is captured by the same transaction. An order
-- that was cancelled, or that shall be, is not sold: whoever asked for the cancellation before this was
-- told so. Raises MC040 where the transfer has not arrived whole.
--
-- sold says whether the order is a sale, answer what its request is answered if this was what sold it.
-- +goose StatementBegin
create function ordering.confirm_order(p_order_id uuid) returns jsonb
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    confirming ordering.orders;
    paying ordering.payments;
    products bigint[];
    quantities bigint[];
    answer jsonb;
begin
    select * into confirming from ordering.orders where id = p_order_id for no key update;
    if confirming.status <> 'pending' or confirming.cancel_request is not null then
        return jsonb_build_object('sold', confirming.confirmed_at is not null);
    end if;
    if confirming.payment_method in ('cash', 'bank_transfer') then
        select * into paying from ordering.payments where order_id = p_order_id;
        perform 1
        from ordering.bank_transfers
        where payment_id = paying.id and received_amount >= paying.amount;
        if not found and confirming.payment_method = 'bank_transfer' then
            raise exception 'the transfer of order % has not arrived', p_order_id
                using errcode = 'MC040';
        end if;
    end if;
    perform 1 from ordering.carts where id = confirming.cart_id for no key update;
    select array_agg(item_id), array_agg(qty) into products, quantities
    from ordering.order_items
    where order_id = p_order_id;
    update ordering.order_items
    set
        reserved_qty = 0,
        committed_qty = qty
    where order_id = p_order_id;
    update ordering.orders
    set
        status = 'confirmed',
        payment_status = case
            when payment_method in ('card', 'wallet') then 'authorized' else payment_status
        end,
        confirmed_at = now(),
        estimated_delivery = now() + coalesce(estimated_delivery - order_date, interval '3 days')
    where id = p_order_id;
    if paying.id is not null then
        perform ordering.record_payment(
            paying.id, 'capture', 'capture/' || paying.id, paying.amount, 'approved', null, null
        );
    end if;
    update ordering.carts
    set
        status = 'checked_out',
        checked_out_at = now()
    where id = confirming.cart_id and status = 'open';
    insert into ordering.order_events (order_id, type, data)
    values (
        p_order_id, 'order.confirmed', jsonb_build_object('total_amount', confirming.total_amount)
    );
    update ordering.idempotency_keys
    set
        response_status = 201,
        response = ordering.order_document(p_order_id),
        completed_at = now()
    where order_id = p_order_id and completed_at is null
    returning response into answer;
    -- Last, so that buyers of one product wait for each other no longer than they must.
    perform catalog.move_stock('commit', products, quantities, 'order', p_order_id::text);
    return jsonb_build_object('sold', true, 'answer', answer);
end
$$;
-- +goose StatementEnd

-- Undoes an order that was not confirmed: its units go back to the cart they came from, held
-- until p_holds_until, or to the shelf when there is no such cart; p_answer, a code and its
-- detail, becomes the answer to its idempotency key. Returns whether the order is a sale, which is left
-- as it is.
-- +goose StatementBegin
create function ordering.cancel_order(
    p_order_id uuid,
    p_reason text,
    p_payment_status text,
    p_holds_until timestamptz,
    p_answer_status integer,
    p_answer jsonb
) returns boolean
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    cancelling ordering.orders;
    cart uuid;
    line record;
    products bigint[];
    quantities bigint[];
begin
    select * into cancelling from ordering.orders where id = p_order_id for no key update;
    if cancelling.status <> 'pending' then
        return cancelling.status <> 'cancelled';
    end if;
    -- Somebody has asked for what stopped it.
    if p_reason = 'checkout_stopped' and cancelling.cancel_request is not null then
        p_reason := cancelling.cancel_request;
        p_answer_status := 409;
        p_answer := jsonb_build_object('code', p_reason);
    end if;
    select id into cart
    from ordering.carts
    where id = cancelling.cart_id and status = 'open'
    for no key update;
    select array_agg(item_id), array_agg(reserved_qty) into products, quantities
    from ordering.order_items
    where order_id = p_order_id and reserved_qty > 0;
    if products is not null then
        -- The rows stay locked in between: nobody takes what changes hands here.
        perform catalog.move_stock(
            'release', products, quantities, 'order', p_order_id::text, p_reason
        );
        for line in
            select item_id, qty from ordering.cart_items where cart_id = cart
        loop
            perform catalog.hold_stock(cart, line.item_id, line.qty, p_holds_until);
        end loop;
    end if;

    update ordering.order_items set reserved_qty = 0 where order_id = p_order_id;
    update ordering.orders
    set
        status = 'cancelled',
        cancel_reason = p_reason,
        payment_status = p_payment_status
    where id = p_order_id;
    -- A payment of which no question was written down ends here. One whose answer is not known
    -- stays pending until it is voided, and nobody authorises it any more.
    update ordering.payments
    set
        status = case
            when exists (
                select 1 from ordering.payment_attempts where payment_id = payments.id
            ) then status
            else 'failed'
        end,
        token = null
    where order_id = p_order_id and status = 'pending';
    insert into ordering.order_events (order_id, type, data)
    values (p_order_id, 'order.cancelled', jsonb_build_object('reason', p_reason));
    update ordering.idempotency_keys
    set
        response_status = p_answer_status,
        response = p_answer,
        completed_at = now()
    where order_id = p_order_id and completed_at is null;
    return false;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.cancel_order;
drop function ordering.confirm_order;
drop function ordering.reserve_order;
drop index ordering.payments_unsettled_idx;

-- +goose Up
-- The first step of a checkout, before its saga: the order is written down, once for its
-- idempotency key.

-- One order is being checked out of a cart at a time.
create unique index orders_one_pending_per_cart on ordering.orders (cart_id)
where status = 'pending';

-- Claims an idempotency key for an order: null when this call has it, else what became of the
-- first claim. Waits for a claim of the same key that has not committed yet.
-- +goose StatementBegin
create function ordering.claim_key(
    p_scope text, p_key text, p_operation text, p_request_hash bytea, p_order_id uuid
) returns jsonb
language plpgsql as $$
begin
    insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id)
    values (p_scope, p_key, p_operation, p_request_hash, p_order_id)
    on conflict (scope, key) do nothing;
    if found then
        return null;
    end if;
    return (
        select
            jsonb_build_object(
                'order_id', order_id,
                'same_request', operation = p_operation and request_hash = p_request_hash,
                'status', response_status,
                'response', response
            )
        from ordering.idempotency_keys
        where scope = p_scope and key = p_key
    );
end
$$;
-- +goose StatementEnd

-- Makes the customer's cart a pending order, with its payment and the event order.placed.
-- Returns null, or what became of the earlier claim of the same idempotency key.
-- +goose StatementBegin
create function ordering.place_order(
    p_customer_id bigint,
    p_key text,
    p_request_hash bytea,
    p_order_id uuid,
    p_payment_id uuid,
    p_provider text,
    p_method text,
    p_token text,
    p_shipping_address jsonb,
    p_accept_price_changes boolean
) returns jsonb
language plpgsql as $$
declare
    earlier jsonb := ordering.claim_key(
        'customer/' || p_customer_id, p_key, 'checkout', p_request_hash, p_order_id
    );
    cart ordering.carts;
    placed bigint;
    withdrawn bigint;
    changed jsonb;
begin
    if earlier is not null then
        return earlier;
    end if;
    cart := ordering.lock_cart(p_customer_id);

    -- One statement, so one reading of the catalogue's prices.
    with lines as materialized (
        select
            row_number() over (order by item.added_at, item.item_id) as line_no,
            item.item_id,
            item.qty,
            item.unit_price as known_price,
            product.vendor_id,
            product.price,
            product.cost,
            product.is_active,
            item.qty * product.price as total
        from ordering.cart_items as item
        inner join catalog.products as product on product.id = item.item_id
        where item.cart_id = cart.id
    ),

    placed_order as (
        insert into ordering.orders (
            id, customer_id, cart_id, channel, payment_method, subtotal, total_amount, currency,
            shipping_address
        )
        select
            p_order_id, p_customer_id, cart.id, 'web', p_method, sum(total), sum(total),
            cart.currency, p_shipping_address
        from lines
        having count(*) > 0
        returning total_amount
    ),

    placed_items as (
        insert into ordering.order_items (
            order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price
        )
        select p_order_id, line_no, item_id, vendor_id, qty, price, cost, total
        from lines
    ),

    payment as (
        insert into ordering.payments (id, order_id, provider, method, token, amount, currency)
        select
            p_payment_id, p_order_id, p_provider, p_method, p_token, total_amount, cart.currency
        from placed_order
    ),

    event as (
        insert into ordering.order_events (order_id, type, data)
        select p_order_id, 'order.placed', jsonb_build_object('total_amount', total_amount)
        from placed_order
    )

    select
        count(*),
        min(item_id) filter (where not is_active),
        jsonb_agg(
            jsonb_build_object(
                'item_id', item_id, 'unit_price', known_price, 'current_price', price
            )
            order by line_no
        ) filter (where known_price <> price)
    into placed, withdrawn, changed
    from lines;

    if placed = 0 then
        raise exception 'the cart of customer % is empty', p_customer_id using errcode = 'MC003';
    elsif withdrawn is not null then
        raise exception 'product % is not for sale any more', withdrawn using errcode = 'MC002';
    elsif changed is not null and not p_accept_price_changes then
        raise exception 'prices in cart % have changed', cart.id
            using errcode = 'MC004', detail = changed::text;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.place_order;
drop function ordering.claim_key;
drop index ordering.orders_one_pending_per_cart;

-- +goose Up
-- The first step of a checkout, before its saga: the order is written down, once for its
-- idempotency key. What is refused, with an SQLSTATE of 00006_cart_functions.sql or
-- 00012_pricing.sql, leaves no row behind, and the key free.

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

-- Makes a pending order of the customer's cart, or of p_item_ids where they are given, with its
-- payment and the event order.placed. p_vendor_id, where given, is the only vendor whose products it
-- may hold. It returns null, or what became of the earlier claim of the same idempotency key.
--
-- The lines are read once, by one statement, so with one reading of the catalogue's prices. Goods
-- that are handed over the counter go nowhere: without an address, they are taxed where the first
-- line's vendor is. No provider is asked for nothing: an order that costs nothing is paid by hand.
-- +goose StatementBegin
create function ordering.place_order(
    p_scope text,
    p_operation text,
    p_key text,
    p_request_hash bytea,
    p_order_id uuid,
    p_payment_id uuid,
    p_customer_id bigint,
    p_channel text,
    p_item_ids bigint[],
    p_quantities bigint[],
    p_vendor_id bigint,
    p_provider text,
    p_method text,
    p_token text,
    p_shipping_address jsonb,
    p_discount_code text,
    p_notes text,
    p_accept_price_changes boolean
) returns jsonb
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    earlier jsonb := ordering.claim_key(
        p_scope, p_key, p_operation, p_request_hash, p_order_id
    );
    cart ordering.carts;
    lines ordering.priced_line[];
    gone jsonb;
    changed jsonb;
    country text := p_shipping_address ->> 'country';
    bill record;
    parts numeric[];
begin
    if earlier is not null then
        return earlier;
    end if;
    if p_item_ids is null then
        cart := ordering.lock_cart(p_customer_id);
        lines := (
            select
                array_agg(
                    row(
                        item.item_id, product.vendor_id, item.qty, product.price, product.cost,
                        product.weight_kg, item.unit_price, product.is_active
                    )::ordering.priced_line
                    order by item.added_at, item.item_id
                )
            from ordering.cart_items as item
            inner join catalog.products as product on product.id = item.item_id
            where item.cart_id = cart.id
        );
    else
        perform 1 from identity.customers where id = p_customer_id and is_active;
        if not found then
            raise exception 'customer % is unknown or inactive', p_customer_id
                using errcode = 'MC006';
        end if;
        lines := (
            select
                array_agg(
                    row(
                        wanted.item_id, product.vendor_id, wanted.qty, product.price, product.cost,
                        product.weight_kg, product.price, product.is_active
                    )::ordering.priced_line
                    order by wanted.line_no
                )
            from unnest(p_item_ids, p_quantities)
            with ordinality as wanted (item_id, qty, line_no)
            left join catalog.products as product
                on product.id = wanted.item_id
                and product.vendor_id = coalesce(p_vendor_id, product.vendor_id)
        );
    end if;
    if lines is null then
        raise exception 'the cart of customer % is empty', p_customer_id using errcode = 'MC003';
    end if;

    select
        jsonb_agg(item_id) filter (where is_active is not true),
        jsonb_agg(
            jsonb_build_object(
                'item_id', item_id, 'unit_price', known_price, 'current_price', unit_price
            )
        ) filter (where known_price <> unit_price)
    into gone, changed
    from unnest(lines);
    if gone is not null then
        raise exception 'products % are not for sale', gone
            using errcode = 'MC002', detail = gone::text;
    elsif changed is not null and not p_accept_price_changes then
        raise exception 'prices in cart % have changed', cart.id
            using errcode = 'MC004', detail = changed::text;
    end if;

    if country is null and p_channel = 'counter' then
        country := (select region from catalog.vendors where id = lines[1].vendor_id);
    end if;
    -- Orders with one code are placed one after the other, so that none is used too often.
    perform 1
    from ordering.discounts
    where p_discount_code is not null and code = upper(btrim(p_discount_code))
    for no key update;
    select * into bill
    from ordering.bill(
        lines, p_customer_id, p_discount_code, country, p_shipping_address ->> 'region',
        p_channel <> 'counter'
    );
    perform ordering.refuse_unpriced(
        bill.tax_amount, bill.shipping_cost, country, bill.weight_kg
    );
    if bill.discount_amount > 0 then
        parts := ordering.share(
            bill.discount_amount,
            (select array_agg(qty * unit_price order by line_no)
            from unnest(lines) with ordinality as line (
                item_id, vendor_id, qty, unit_price, unit_cost, weight_kg, known_price, is_active,
                line_no
            ))
        );
    end if;

    with placed as (
        insert into ordering.orders (
            id, customer_id, cart_id, channel, payment_method, subtotal, discount_amount,
            tax_amount, shipping_cost, total_amount, discount_code, currency, shipping_address,
            notes, estimated_delivery
        )
        values (
            p_order_id, p_customer_id, cart.id, p_channel, p_method, bill.subtotal,
            bill.discount_amount, bill.tax_amount, bill.shipping_cost, bill.total_amount,
            bill.discount_code, coalesce(cart.currency, 'EUR'), p_shipping_address, p_notes,
            now() + make_interval(days => bill.transit_days)
        )
    ),

    placed_items as (
        insert into ordering.order_items (
            order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, discount_percent,
            discount_amount, total_price
        )
        select
            p_order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost,
            case when part > 0 then round(part * 100 / (qty * unit_price), 4) else 0 end,
            coalesce(part, 0),
            qty * unit_price - coalesce(part, 0)
        from unnest(lines, parts) with ordinality as line (
            item_id, vendor_id, qty, unit_price, unit_cost, weight_kg, known_price, is_active,
            part, line_no
        )
    ),

    payment as (
        insert into ordering.payments (id, order_id, provider, method, token, amount, currency)
        values (
            p_payment_id, p_order_id,
            case when bill.total_amount = 0 then 'manual' else p_provider end,
            p_method, p_token, bill.total_amount, coalesce(cart.currency, 'EUR')
        )
    ),

    used as (
        insert into ordering.discount_uses (order_id, discount_id, customer_id)
        select p_order_id, bill.discount_id, p_customer_id
        where bill.discount_id is not null
    ),

    counted as (
        update ordering.discounts
        set uses = uses + 1
        where id = bill.discount_id
    )

    insert into ordering.order_events (order_id, type, data)
    values (p_order_id, 'order.placed', jsonb_build_object('total_amount', bill.total_amount));
    return null;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.place_order;
drop function ordering.claim_key;

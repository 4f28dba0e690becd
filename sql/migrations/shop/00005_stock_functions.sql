-- +goose Up
-- The primitives of stock: the only code that writes catalog.stock, catalog.holds and the ledger
-- once a product exists.
--
-- Lock order, for all of Mercado: the order, its cart, stock rows by product id
-- (catalog.lock_stock, here and nowhere else), then holds. A hold is written only by who has
-- its product's stock row, so holds need no order of their own.
--
-- A shortage raises SQLSTATE MC001 with {"product_id", "requested", "available"} as its detail,
-- and undoes the statement that asked.

-- +goose StatementBegin
create function catalog.lock_stock(p_product_ids bigint[]) returns void
language plpgsql as $$
begin
    perform 1
    from catalog.stock
    where product_id = any(p_product_ids)
    order by product_id
    for no key update;
end
$$;
-- +goose StatementEnd

-- Releases holds of the given products: those of one cart, expired or not, or, without a cart,
-- everybody's that have expired. The ledger dates an expired hold's release at its expiry.
-- +goose StatementBegin
create function catalog.release_holds(
    p_product_ids bigint[], p_cart_id uuid default null
) returns void
language plpgsql as $$
begin
    perform catalog.lock_stock(p_product_ids);
    with released as (
        delete from catalog.holds
        where product_id = any(p_product_ids)
            and case
                when p_cart_id is null then expires_at <= clock_timestamp()
                else cart_id = p_cart_id
            end
        returning
            cart_id, product_id, qty, least(expires_at, clock_timestamp()) as ended_at,
            expires_at <= clock_timestamp() as expired
    ),

    ledger as (
        insert into catalog.stock_ledger (
            product_id, kind, on_hand_delta, reserved_delta, reason,
            reference_type, reference_id, occurred_at
        )
        select
            product_id, 'release', 0, -qty, case when expired then 'hold expired' else '' end,
            'cart', cart_id, ended_at
        from released
    )

    update catalog.stock as stock
    set
        reserved = stock.reserved - sums.qty,
        updated_at = now()
    from (select product_id, sum(qty)::bigint as qty from released group by product_id) as sums
    where stock.product_id = sums.product_id;
end
$$;
-- +goose StatementEnd

-- Moves stock of several products, all or nothing, with a ledger row each. A kind of the ledger
-- says in which direction:
--
--     kind        on hand   reserved
--     restock        +
--     adjustment     ±                 a loss is a negative quantity
--     reserve                  +       refused when on_hand - reserved is less
--     release                  -
--     commit         -         -       what was reserved has been sold
--     return         +                 what was sold is back on the shelf
--
-- Where too little is free, the product's expired holds are released and the move tried once more.
-- +goose StatementBegin
create function catalog.move_stock(
    p_kind text,
    p_product_ids bigint[],
    p_quantities bigint[],
    p_reference_type text,
    p_reference_id text,
    p_reason text default ''
) returns void
language plpgsql as $$
declare
    line record;
    free bigint;
begin
    perform catalog.lock_stock(p_product_ids);
    for line in
        select
            moved.product_id,
            sum(moved.qty * direction.on_hand)::bigint as on_hand,
            sum(moved.qty * direction.reserved)::bigint as reserved
        from unnest(p_product_ids, p_quantities) as moved (product_id, qty)
        inner join (
            values
            ('restock', 1, 0), ('adjustment', 1, 0), ('reserve', 0, 1),
            ('release', 0, -1), ('commit', -1, -1), ('return', 1, 0)
        ) as direction (kind, on_hand, reserved) on direction.kind = p_kind
        group by moved.product_id
    loop
        for attempt in 1 .. 2 loop
            update catalog.stock
            set
                on_hand = on_hand + line.on_hand,
                reserved = reserved + line.reserved,
                updated_at = now()
            where product_id = line.product_id
                and on_hand - reserved >= line.reserved - line.on_hand;
            exit when found;
            if attempt = 2 then
                select on_hand - reserved into free
                from catalog.stock
                where product_id = line.product_id;
                raise exception 'product % has too little free stock', line.product_id
                    using errcode = 'MC001',
                    detail = jsonb_build_object(
                        'product_id', line.product_id,
                        'requested', line.reserved - line.on_hand,
                        'available', coalesce(free, 0)
                    )::text;
            end if;
            perform catalog.release_holds(array[line.product_id]);
        end loop;
        insert into catalog.stock_ledger (
            product_id, kind, on_hand_delta, reserved_delta, reason, reference_type, reference_id
        ) values (
            line.product_id, p_kind, line.on_hand, line.reserved, p_reason,
            p_reference_type, p_reference_id
        );
    end loop;
end
$$;
-- +goose StatementEnd

-- Makes a cart's hold of one product p_qty units until p_expires_at, whatever it was before.
-- +goose StatementBegin
create function catalog.hold_stock(
    p_cart_id uuid, p_product_id bigint, p_qty bigint, p_expires_at timestamptz
) returns void
language plpgsql as $$
declare
    held bigint;
begin
    perform catalog.lock_stock(array[p_product_id]);
    select qty into held
    from catalog.holds
    where cart_id = p_cart_id and product_id = p_product_id and expires_at > clock_timestamp();
    if not found then
        perform catalog.release_holds(array[p_product_id], p_cart_id);
        held := 0;
    end if;
    if p_qty > held then
        perform catalog.move_stock(
            'reserve', array[p_product_id], array[p_qty - held], 'cart', p_cart_id::text
        );
    elsif p_qty < held then
        perform catalog.move_stock(
            'release', array[p_product_id], array[held - p_qty], 'cart', p_cart_id::text
        );
    end if;
    insert into catalog.holds (cart_id, product_id, qty, expires_at)
    values (p_cart_id, p_product_id, p_qty, p_expires_at)
    on conflict (cart_id, product_id) do update
    set
        qty = excluded.qty,
        expires_at = excluded.expires_at;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function catalog.hold_stock;
drop function catalog.move_stock;
drop function catalog.release_holds;
drop function catalog.lock_stock;

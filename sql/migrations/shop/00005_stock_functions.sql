-- +goose Up
-- The primitives of stock: the only code that writes catalog.stock, catalog.holds and the ledger
-- once a product exists.
--
-- Lock order, for all of Mercado: the order, its cart, stock rows by product id
-- (catalog.lock_stock, here and nowhere else), then holds. A hold is written only by who has
-- its product's stock row, so holds need no order of their own; reserve_held takes holds without it, and
-- waits for nothing once it has them.
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
    -- Two ways to find them: a plan for both would read all holds of a product that many carts hold.
    with of_cart as (
        delete from catalog.holds
        where p_cart_id is not null and cart_id = p_cart_id and product_id = any(p_product_ids)
        returning cart_id, product_id, qty, expires_at
    ),

    overdue as (
        delete from catalog.holds
        where p_cart_id is null
            and product_id = any(p_product_ids)
            and expires_at <= clock_timestamp()
        returning cart_id, product_id, qty, expires_at
    ),

    released as (
        select
            cart_id, product_id, qty, least(expires_at, clock_timestamp()) as ended_at,
            expires_at <= clock_timestamp() as expired
        from (table of_cart union all table overdue) as ended
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
    on_hand_sign constant integer := case
        when p_kind in ('restock', 'adjustment', 'return') then 1
        when p_kind = 'commit' then -1
        else 0
    end;
    reserved_sign constant integer := case
        when p_kind = 'reserve' then 1 when p_kind in ('release', 'commit') then -1 else 0
    end;
    refused record;
    free bigint;
begin
    perform catalog.lock_stock(p_product_ids);
    for attempt in 1 .. 2 loop
        -- All at once; of the second attempt only those that the first refused.
        with moving as (
            select
                wanted.product_id,
                on_hand_sign * sum(wanted.qty)::bigint as on_hand,
                reserved_sign * sum(wanted.qty)::bigint as reserved
            from unnest(p_product_ids, p_quantities) as wanted (product_id, qty)
            group by wanted.product_id
        ),

        moved as (
            update catalog.stock as stock
            set
                on_hand = stock.on_hand + moving.on_hand,
                reserved = stock.reserved + moving.reserved,
                updated_at = now()
            from moving
            where stock.product_id = moving.product_id
                and stock.on_hand - stock.reserved >= moving.reserved - moving.on_hand
            returning stock.product_id, moving.on_hand, moving.reserved
        ),

        ledger as (
            insert into catalog.stock_ledger (
                product_id, kind, on_hand_delta, reserved_delta, reason, reference_type,
                reference_id
            )
            select product_id, p_kind, on_hand, reserved, p_reason, p_reference_type, p_reference_id
            from moved
        )

        select
            array_agg(product_id) as product_ids,
            array_agg(reserved - on_hand) as quantities,
            min(product_id) as product_id
        into refused
        from moving
        where product_id not in (select product_id from moved);

        exit when refused.product_ids is null;
        if attempt = 2 then
            select on_hand - reserved into free
            from catalog.stock
            where product_id = refused.product_id;
            raise exception 'product % has too little free stock', refused.product_id
                using errcode = 'MC001',
                detail = jsonb_build_object(
                    'product_id', refused.product_id,
                    'requested', (
                        select qty
                        from unnest(refused.product_ids, refused.quantities) as short (product_id, qty)
                        where product_id = refused.product_id
                    ),
                    'available', coalesce(free, 0)
                )::text;
        end if;
        perform catalog.release_holds(refused.product_ids);
        -- The quantities of a refusal are what is wanted of free stock: for an adjustment that is
        -- a loss, the other way round.
        p_product_ids := refused.product_ids;
        p_quantities := (
            select array_agg(case when on_hand_sign = 1 then -qty else qty end)
            from unnest(refused.quantities) as qty
        );
    end loop;
end
$$;
-- +goose StatementEnd

-- Reserves for an order what it wants of several products, all or nothing. What the cart holds of a
-- product changes hands where it is as much and in force: two rows of the ledger, and a balance that
-- stays as it is. The rest of the cart's holds of them is released before it is reserved anew.
--
-- Where all of it is held, the balances are not even locked, and buyers of one product do not wait for each other
-- here. Nobody else writes the hold of a cart that is being checked out before it has expired, and
-- these are far from it; should one be gone all the same, nothing has happened and the step is
-- taken again.
-- +goose StatementBegin
create function catalog.reserve_held(
    p_product_ids bigint[], p_quantities bigint[], p_cart_id uuid, p_order_id uuid
) returns void
language plpgsql as $$
declare
    all_held boolean;
    others record;
begin
    if p_cart_id is null then
        perform catalog.move_stock(
            'reserve', p_product_ids, p_quantities, 'order', p_order_id::text
        );
        return;
    end if;
    select bool_and(coalesce(hold.expires_at > clock_timestamp() + interval '5 seconds', false))
    into all_held
    from (
        select product_id, sum(qty)::bigint as qty
        from unnest(p_product_ids, p_quantities) as line (product_id, qty)
        group by product_id
    ) as wanted
    left join catalog.holds as hold
        on hold.cart_id = p_cart_id
        and hold.product_id = wanted.product_id
        and hold.qty = wanted.qty;
    if not all_held then
        perform catalog.lock_stock(p_product_ids);
    end if;
    with wanted as (
        select product_id, sum(qty)::bigint as qty
        from unnest(p_product_ids, p_quantities) as line (product_id, qty)
        group by product_id
    ),

    taken as (
        delete from catalog.holds
        using wanted
        where holds.cart_id = p_cart_id
            and holds.product_id = wanted.product_id
            and holds.qty = wanted.qty
            and holds.expires_at > clock_timestamp()
        returning holds.product_id, holds.qty
    ),

    ledger as (
        insert into catalog.stock_ledger (
            product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id
        )
        select product_id, 'release', 0, -qty, 'cart', p_cart_id::text
        from taken

        union all

        select product_id, 'reserve', 0, qty, 'order', p_order_id::text
        from taken
    )

    select array_agg(product_id) as product_ids, array_agg(qty) as quantities
    into others
    from wanted
    where product_id not in (select product_id from taken);

    if others.product_ids is not null then
        if all_held then
            raise exception 'holds of cart % are gone', p_cart_id
                using errcode = 'serialization_failure';
        end if;
        perform catalog.release_holds(others.product_ids, p_cart_id);
        perform catalog.move_stock(
            'reserve', others.product_ids, others.quantities, 'order', p_order_id::text
        );
    end if;
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
        -- What is counted as held must not expire before the rest is: it would be released among
        -- the others' where too little is free.
        update catalog.holds
        set expires_at = 'infinity'
        where cart_id = p_cart_id and product_id = p_product_id;
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

-- Releases what has expired of at most p_most products, and tells of how many holds. A product that
-- somebody works on is left for the next time: who works on it releases what he needs himself.
-- +goose StatementBegin
create function catalog.sweep_holds(p_most integer) returns bigint
language plpgsql as $$
declare
    products bigint[];
    released bigint;
begin
    select array_agg(locked.product_id), sum(locked.expired)
    into products, released
    from (
        select
            stock.product_id,
            (
                select count(*)
                from catalog.holds
                where holds.product_id = stock.product_id and expires_at <= clock_timestamp()
            ) as expired
        from catalog.stock
        where stock.product_id in (
            select product_id from catalog.holds where expires_at <= now() order by expires_at limit p_most
        )
        order by stock.product_id
        for no key update skip locked
    ) as locked;
    if products is null then
        return 0;
    end if;
    perform catalog.release_holds(products);
    return released;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function catalog.sweep_holds;
drop function catalog.hold_stock;
drop function catalog.reserve_held;
drop function catalog.move_stock;
drop function catalog.release_holds;
drop function catalog.lock_stock;

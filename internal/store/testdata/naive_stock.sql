-- How stock must not be kept: read what is free, decide, then write the new balance, in separate
-- statements, with no lock and no constraint. Tests run against it to show that they can fail.
alter table catalog.stock
drop constraint stock_check,
drop constraint stock_on_hand_check,
drop constraint stock_reserved_check;

create or replace function catalog.lock_stock(p_product_ids bigint[]) returns void
language sql as $$
$$;

create or replace function catalog.move_stock(
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
    balance catalog.stock;
begin
    for line in
        select
            moved.product_id,
            moved.qty * direction.on_hand as on_hand,
            moved.qty * direction.reserved as reserved
        from unnest(p_product_ids, p_quantities) as moved (product_id, qty)
        inner join (
            values
            ('restock', 1, 0), ('adjustment', 1, 0), ('reserve', 0, 1),
            ('release', 0, -1), ('commit', -1, -1), ('return', 1, 0)
        ) as direction (kind, on_hand, reserved) on direction.kind = p_kind
    loop
        select * into balance from catalog.stock where product_id = line.product_id;
        if p_kind = 'reserve' and balance.on_hand - balance.reserved < line.reserved then
            perform catalog.release_holds(array[line.product_id]);
            select * into balance from catalog.stock where product_id = line.product_id;
        end if;
        if p_kind = 'reserve' and balance.on_hand - balance.reserved < line.reserved then
            raise exception 'product % has too little free stock', line.product_id
                using errcode = 'MC001',
                detail = jsonb_build_object(
                    'product_id', line.product_id,
                    'requested', line.reserved,
                    'available', balance.on_hand - balance.reserved
                )::text;
        end if;
        update catalog.stock
        set
            on_hand = balance.on_hand + line.on_hand,
            reserved = balance.reserved + line.reserved
        where product_id = line.product_id;
        insert into catalog.stock_ledger (
            product_id, kind, on_hand_delta, reserved_delta, reason, reference_type, reference_id
        ) values (
            line.product_id, p_kind, line.on_hand, line.reserved, p_reason,
            p_reference_type, p_reference_id
        );
    end loop;
end
$$;

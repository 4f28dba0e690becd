-- +goose Up
-- What the ledger moved of a product on each day of UTC, by when it counts: the stock of any time is
-- read from its days and the rest of the ledger, not from all of the ledger. A trigger keeps it, so that
-- an entry that counts from an earlier day, as the release of an expired hold does, changes that day.
-- Whoever moves stock has locked its balance, so nobody else waits for its day. What a cart held and
-- an order takes over moves nothing, and is not locked: its two entries of one statement touch no day.
create table catalog.stock_days (
    product_id bigint not null,
    day date not null,
    units_in bigint not null,
    units_out bigint not null,
    reserved_delta bigint not null,
    primary key (product_id, day)
)
with (fillfactor = 80);

-- +goose StatementBegin
create function catalog.count_stock_days() returns trigger
language plpgsql as $$
begin
    insert into catalog.stock_days as known (product_id, day, units_in, units_out, reserved_delta)
    select
        product_id,
        (occurred_at at time zone 'utc')::date as day,
        sum(greatest(on_hand_delta, 0)),
        sum(greatest(-on_hand_delta, 0)),
        sum(reserved_delta)
    from added
    group by product_id, (occurred_at at time zone 'utc')::date
    having bool_or(on_hand_delta <> 0) or sum(reserved_delta) <> 0
    order by product_id, day
    on conflict (product_id, day) do update
    set
        units_in = known.units_in + excluded.units_in,
        units_out = known.units_out + excluded.units_out,
        reserved_delta = known.reserved_delta + excluded.reserved_delta;
    return null;
end
$$;
-- +goose StatementEnd
create trigger stock_ledger_count_days after insert on catalog.stock_ledger
referencing new table as added
for each statement execute function catalog.count_stock_days();

-- The balance of a product as of a time: what the ledger had counted by then.
create function catalog.stock_as_of(p_product_id bigint, p_at timestamptz)
returns table (on_hand bigint, reserved bigint)
language sql stable as $$
    select coalesce(sum(moved.on_hand_delta), 0)::bigint, coalesce(sum(moved.reserved_delta), 0)::bigint
    from (
        select units_in - units_out as on_hand_delta, reserved_delta
        from catalog.stock_days
        where product_id = p_product_id and day < (p_at at time zone 'utc')::date
        union all
        select on_hand_delta, reserved_delta
        from catalog.stock_ledger
        where product_id = p_product_id
            and occurred_at >= date_trunc('day', p_at, 'UTC')
            and occurred_at <= p_at
    ) as moved
$$;

-- +goose Down
drop function catalog.stock_as_of;
drop trigger stock_ledger_count_days on catalog.stock_ledger;
drop function catalog.count_stock_days;
drop table catalog.stock_days;

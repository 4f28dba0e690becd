-- name: MoveInventory :exec
-- Fails with SQLSTATE MC001 when more would be taken away than is free.
select
    catalog.move_stock(
        sqlc.arg(kind)::text,
        array[sqlc.arg(product_id)::bigint],
        array[sqlc.arg(delta)::bigint],
        'inventory',
        sqlc.arg(reference)::text,
        sqlc.arg(reason)::text
    );

-- name: LastLedgerRow :one
-- After MoveInventory, in its transaction: the product's stock is locked, so the last row is its own.
select *
from catalog.stock_ledger
where product_id = sqlc.arg(product_id) and xid = pg_current_xact_id()
order by id desc
limit 1;

-- name: ListLedger :many
select *
from catalog.stock_ledger
where product_id = sqlc.arg(product_id)
    and (sqlc.narg(as_of)::timestamptz is null or occurred_at <= sqlc.narg(as_of))
    and (
        sqlc.narg(before_id)::bigint is null
        or (occurred_at, id) < (sqlc.narg(before_time)::timestamptz, sqlc.narg(before_id))
    )
order by occurred_at desc, id desc
limit sqlc.arg(row_limit);

-- name: StockAsOf :one
-- What the ledger had counted at a time. A hold that had expired by then was free stock, whether or
-- not anybody had released it: its release is dated at its expiry, or it is still in the table.
select
    (ledger.on_hand)::bigint as on_hand,
    (ledger.reserved - coalesce((
        select sum(hold.qty)
        from catalog.holds as hold
        where hold.product_id = sqlc.arg(product_id) and hold.expires_at <= sqlc.arg(at)
    ), 0))::bigint as reserved
from catalog.stock_as_of(sqlc.arg(product_id)::bigint, sqlc.arg(at)::timestamptz) as ledger (on_hand, reserved);

-- name: StockSeries :many
-- One row for each bucket, quiet ones included; buckets begin at full hours or days of UTC. Whole days
-- are read as such, hours and the last day entry by entry.
with day as (
    select case
        when sqlc.arg(bucket_hours)::integer = 24 then date_trunc('day', sqlc.arg(to_time)::timestamptz, 'UTC')
        else sqlc.arg(from_time)::timestamptz
    end as last
),

entries as (
    select
        known.day::timestamp at time zone 'utc' as at,
        known.units_in,
        known.units_out,
        known.reserved_delta
    from catalog.stock_days as known
    where known.product_id = sqlc.arg(product_id)
        and known.day >= (sqlc.arg(from_time)::timestamptz at time zone 'utc')::date
        and known.day < (select (day.last at time zone 'utc')::date from day)
        and sqlc.arg(bucket_hours)::integer = 24
    union all
    select
        entry.occurred_at,
        greatest(entry.on_hand_delta, 0),
        greatest(-entry.on_hand_delta, 0),
        entry.reserved_delta
    from catalog.stock_ledger as entry
    where entry.product_id = sqlc.arg(product_id)
        and entry.occurred_at >= (select day.last from day)
        and entry.occurred_at < sqlc.arg(to_time)::timestamptz
    union all
    -- What nobody has released yet is released at its expiry as well.
    select hold.expires_at, 0, 0, -hold.qty
    from catalog.holds as hold
    where hold.product_id = sqlc.arg(product_id)
        and hold.expires_at <= now()
        and hold.expires_at >= sqlc.arg(from_time)::timestamptz
        and hold.expires_at < sqlc.arg(to_time)::timestamptz
),

opening as (
    select
        ledger.on_hand,
        ledger.reserved - coalesce((
            select sum(hold.qty)
            from catalog.holds as hold
            where hold.product_id = sqlc.arg(product_id)
                and hold.expires_at <= now()
                and hold.expires_at < sqlc.arg(from_time)::timestamptz
        ), 0) as reserved
    from catalog.stock_as_of(
        sqlc.arg(product_id)::bigint, sqlc.arg(from_time)::timestamptz - interval '1 microsecond'
    ) as ledger (on_hand, reserved)
),

moved as (
    select
        date_bin(make_interval(hours => sqlc.arg(bucket_hours)::integer), entries.at, '2000-01-01 00:00Z') as bucket,
        sum(entries.units_in) as units_in,
        sum(entries.units_out) as units_out,
        sum(entries.reserved_delta) as reserved
    from entries
    group by 1
),

buckets as (
    select
        slot.bucket,
        coalesce(moved.units_in, 0) as units_in,
        coalesce(moved.units_out, 0) as units_out,
        opening.on_hand + coalesce(sum(moved.units_in - moved.units_out) over running, 0) as closing,
        opening.reserved + coalesce(sum(moved.reserved) over running, 0) as reserved
    from generate_series(
        sqlc.arg(from_time)::timestamptz,
        sqlc.arg(to_time)::timestamptz - interval '1 microsecond',
        make_interval(hours => sqlc.arg(bucket_hours)::integer)
    ) as slot (bucket)
    left join moved on moved.bucket = slot.bucket
    cross join opening
    window running as (order by slot.bucket)
)

select
    buckets.bucket::timestamptz as bucket,
    (closing - units_in + units_out)::bigint as opening,
    units_in::bigint as units_in,
    units_out::bigint as units_out,
    closing::bigint as closing,
    reserved::bigint as reserved
from buckets
order by buckets.bucket;

-- name: SweepHolds :one
select catalog.sweep_holds(sqlc.arg(most)::integer)::bigint as released;

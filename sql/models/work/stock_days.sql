-- description: The movements of each product on each of the run's days, quiet days included,
--     from the day of its first change.
-- grain: one row per product and day
-- key: day, product_id
-- partition: day_start
-- reads: clean.stock_ledger, clean.stock_opening
-- totals: opening, units_in, units_out, closing, reserved_delta, reserved
-- column day: The day, UTC.
-- column day_start: Its first instant.
-- column product_id: The product.
-- column opening: Units on the shelf when the day began.
-- column units_in: Units put on the shelf.
-- column units_out: Units taken off the shelf.
-- column closing: Units on the shelf when the day ended.
-- column reserved_delta: By how much the units that carts and orders hold changed.
-- column reserved: Units of those that carts and orders held when the day ended.
with movements as (
    select
        l.product_id,
        l.occurred_at::date as day,
        sum(l.on_hand_delta) filter (where l.on_hand_delta > 0) as units_in,
        -sum(l.on_hand_delta) filter (where l.on_hand_delta < 0) as units_out,
        sum(l.reserved_delta) as reserved_delta
    from clean.stock_ledger as l
    group by all
),

days as (
    select
        d.from_day,
        unnest(generate_series(d.from_day, d.to_day - interval 1 day, interval 1 day))::date as day
    from run.days as d
    where d.subject = 'stock'
),

products as (
    select o.product_id from clean.stock_opening as o
    union
    select m.product_id from movements as m
),

balances as (
    select
        d.day,
        p.product_id,
        coalesce(o.on_hand, 0) + coalesce(sum(coalesce(m.units_in, 0) - coalesce(m.units_out, 0)) over running, 0)
            as closing,
        coalesce(m.units_in, 0) as units_in,
        coalesce(m.units_out, 0) as units_out,
        coalesce(m.reserved_delta, 0) as reserved_delta,
        coalesce(o.reserved, 0) + coalesce(sum(m.reserved_delta) over running, 0) as reserved,
        o.product_id is not null or count(m.day) over running > 0 as begun
    from days as d
    cross join products as p
    left join movements as m on m.product_id = p.product_id and m.day = d.day
    left join clean.stock_opening as o on o.product_id = p.product_id and o.opening_day = d.from_day
    window running as (partition by p.product_id, d.from_day order by d.day)
)

select
    b.day,
    b.day::timestamptz as day_start,
    b.product_id,
    (b.closing - b.units_in + b.units_out)::bigint as opening,
    b.units_in::bigint as units_in,
    b.units_out::bigint as units_out,
    b.closing::bigint as closing,
    b.reserved_delta::bigint as reserved_delta,
    b.reserved::bigint as reserved
from balances as b
where b.begun

-- Orders $1 to $2 of $3 that are spread over 730 days, of one to four lines each, by $4 customers, of
-- $5 products. One in twenty is cancelled; each has a payment and two events, each line of a sale
-- takes its units off the shelf.
with numbered as (
    select
        n,
        timestamptz '2024-11-01 00:00:00+00' + (n::numeric / $3::bigint) * interval '730 days' as at
    from generate_series($1::bigint, $2::bigint) as n
),

drafts as materialized (
    select
        n,
        at,
        -- As a UUIDv7, so that rows and index entries come in the order of time.
        (
            lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0')
        )::uuid as id,
        n % 20 = 0 as is_cancelled
    from numbered
),

lines as materialized (
    select
        d.id as order_id, d.at, d.is_cancelled, l as line_no, p.id as item_id, p.vendor_id,
        (d.n + l) % 3 + 1 as qty, p.price, p.cost
    from drafts as d
    cross join lateral generate_series(1, d.n % 4 + 1) as l
    inner join catalog.products as p on p.id = (d.n * 7 + l * 13) * 31 % $5::bigint + 1
),

sold as materialized (
    select order_id, sum(qty * price) as subtotal
    from lines
    group by order_id
),

orders as (
    insert into ordering.orders (
        id, customer_id, order_date, status, payment_method, payment_status, subtotal, shipping_cost,
        total_amount, cancel_reason, confirmed_at, shipped_at, actual_delivery, created_at, updated_at
    )
    select
        d.id, d.n * 7919 % $4::bigint + 1, d.at,
        case when d.is_cancelled then 'cancelled' else 'delivered' end,
        (array['card', 'wallet', 'cash_on_delivery', 'bank_transfer'])[d.n % 4 + 1],
        case when d.is_cancelled then 'failed' else 'completed' end,
        s.subtotal, 4.99, s.subtotal + 4.99, case when d.is_cancelled then 'declined' end,
        case when not d.is_cancelled then d.at end,
        case when not d.is_cancelled then d.at + interval '30 hours' end,
        case when not d.is_cancelled then d.at + interval '3 days' end, d.at, d.at
    from drafts as d
    inner join sold as s on s.order_id = d.id
),

items as (
    insert into ordering.order_items (
        order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price, committed_qty,
        created_at, updated_at
    )
    select
        order_id, line_no, item_id, vendor_id, qty, price, cost, qty * price,
        case when is_cancelled then 0 else qty end, at, at
    from lines
),

payments as (
    insert into ordering.payments (
        id, order_id, provider, method, status, amount, authorized_amount, captured_amount, currency,
        created_at, updated_at
    )
    select
        d.id, d.id, 'history', (array['card', 'wallet', 'cash_on_delivery', 'bank_transfer'])[d.n % 4 + 1],
        case when d.is_cancelled then 'failed' else 'completed' end, s.subtotal + 4.99,
        case when d.is_cancelled then 0 else s.subtotal + 4.99 end,
        case when d.is_cancelled then 0 else s.subtotal + 4.99 end, 'EUR', d.at, d.at
    from drafts as d
    inner join sold as s on s.order_id = d.id
),

events as (
    insert into ordering.order_events (order_id, type, occurred_at)
    select d.id, e.type, d.at
    from drafts as d
    cross join lateral (
        values ('order.placed'), (case when d.is_cancelled then 'order.cancelled' else 'order.confirmed' end)
    ) as e (type)
)

insert into catalog.stock_ledger (
    product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id, occurred_at, recorded_at
)
select item_id, 'commit', -qty, -qty, 'order', order_id::text, at, at
from lines
where not is_cancelled;

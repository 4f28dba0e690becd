-- description: The balance of every product before the first of the days.
-- subject: stock
-- per: span
-- columns: opening_day date, product_id bigint, on_hand bigint, reserved bigint
select
    (current_setting('lake.from')::timestamptz at time zone 'UTC')::date as opening_day,
    l.product_id,
    sum(l.on_hand_delta)::bigint as on_hand,
    sum(l.reserved_delta)::bigint as reserved
from catalog.stock_ledger as l
where l.occurred_at < current_setting('lake.from')::timestamptz
group by l.product_id

-- description: Carts that were begun on one of the days.
-- subject: carts
-- columns: id uuid, customer_id bigint, status text, currency char, created_at timestamptz,
--     updated_at timestamptz, checked_out_at timestamptz
select c.*
from ordering.carts as c
where c.created_at >= current_setting('lake.from')::timestamptz
    and c.created_at < current_setting('lake.to')::timestamptz

-- description: Every change of a balance that counts for one of the days.
-- subject: stock
-- columns: id bigint, product_id bigint, kind text, on_hand_delta bigint, reserved_delta bigint,
--     reason text, reference_type text, reference_id text, occurred_at timestamptz,
--     recorded_at timestamptz
select l.*
from catalog.stock_ledger as l
where l.occurred_at >= current_setting('lake.from')::timestamptz
    and l.occurred_at < current_setting('lake.to')::timestamptz

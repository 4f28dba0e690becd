-- description: The shipments of the orders of the days.
-- subject: orders
-- without: label_url, cancel_reason
-- columns: id uuid, order_id uuid, vendor_id bigint, status text, carrier text, tracking_number text,
--     amount numeric(18,2), currency char, packed_at timestamptz,
--     shipped_at timestamptz, delivered_at timestamptz, created_at timestamptz,
--     updated_at timestamptz, shipping_amount numeric(18,2), packed_by text,
--     released_at timestamptz, label_cancelled_at timestamptz, cancelled_at timestamptz
-- column tracking_number: The carrier's number of it.
-- column created_at: When the row was written.
-- column packed_by: vendor or shop: who packs it.
-- column released_at: When it was paid for and sent off, or its capture was refused: from then on it cannot be stopped.
-- column label_cancelled_at: When the carrier was told that it is not sent.
-- column cancelled_at: When it was cancelled.
-- person: order order_id
-- keeps: id, order_id, vendor_id, status, carrier, amount, currency, packed_at, shipped_at,
--     delivered_at, created_at, updated_at, shipping_amount, packed_by, released_at,
--     label_cancelled_at, cancelled_at
-- erase tracking_number: null
select s.*
from ordering.shipments as s
inner join ordering.orders as o on o.id = s.order_id
where o.order_date >= current_setting('lake.from')::timestamptz
    and o.order_date < current_setting('lake.to')::timestamptz

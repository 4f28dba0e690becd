-- description: The shipments of the orders of the days.
-- subject: orders
-- without: label_url, cancel_reason
-- columns: id uuid, order_id uuid, vendor_id bigint, status text, carrier text, tracking_number text,
--     amount numeric(18,2), currency char, packed_at timestamptz,
--     shipped_at timestamptz, delivered_at timestamptz, created_at timestamptz,
--     updated_at timestamptz, shipping_amount numeric(18,2), packed_by text,
--     released_at timestamptz, label_cancelled_at timestamptz, cancelled_at timestamptz
select s.*
from ordering.shipments as s
inner join ordering.orders as o on o.id = s.order_id
where o.order_date >= current_setting('lake.from')::timestamptz
    and o.order_date < current_setting('lake.to')::timestamptz

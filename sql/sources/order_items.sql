-- description: The lines of the orders of the days.
-- subject: orders
-- columns: id bigint, order_id uuid, line_no integer, item_id bigint, vendor_id bigint, qty bigint,
--     unit_price numeric(18,2), unit_cost numeric(18,2), discount_percent numeric(7,4),
--     discount_amount numeric(18,2), total_price numeric(18,2), reserved_qty bigint,
--     committed_qty bigint, returned_qty bigint, created_at timestamptz, updated_at timestamptz
-- column discount_percent: Discount on the list price of the line.
-- column reserved_qty: Units held in stock until the order is confirmed.
-- column committed_qty: Units taken out of stock when the order was confirmed.
-- column created_at: When the line was written.
select i.*
from ordering.order_items as i
inner join ordering.orders as o on o.id = i.order_id
where o.order_date >= current_setting('lake.from')::timestamptz
    and o.order_date < current_setting('lake.to')::timestamptz

-- description: Orders of the days.
-- subject: orders
-- without: shipping_address, notes
-- columns: id uuid, customer_id bigint, cart_id uuid, channel text, order_date timestamptz,
--     status text, payment_method text, payment_status text, subtotal numeric(18,2),
--     tax_amount numeric(18,2), shipping_cost numeric(18,2), discount_amount numeric(18,2),
--     total_amount numeric(18,2), currency char, discount_code text,
--     estimated_delivery timestamptz, actual_delivery timestamptz, cancel_reason text,
--     confirmed_at timestamptz, shipped_at timestamptz, created_at timestamptz,
--     updated_at timestamptz, cancel_request text, cancel_requested_at timestamptz
-- column cart_id: The cart it was made from; null for one that had none.
-- column estimated_delivery: When it was to arrive.
-- column created_at: When the row was written.
-- column cancel_request: Why it shall be cancelled while it is being checked out.
-- column cancel_requested_at: When that was asked.
select o.*
from ordering.orders as o
where o.order_date >= current_setting('lake.from')::timestamptz
    and o.order_date < current_setting('lake.to')::timestamptz

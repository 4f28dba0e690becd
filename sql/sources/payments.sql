-- description: What was asked of the provider for the orders of the days.
-- subject: orders
-- without: token
-- columns: id uuid, order_id uuid, provider text, method text, provider_reference text,
--     status text, amount numeric(18,2), authorized_amount numeric(18,2),
--     captured_amount numeric(18,2), refunded_amount numeric(18,2), released_amount numeric(18,2),
--     currency char,
--     created_at timestamptz, updated_at timestamptz, lost_at timestamptz
-- column provider_reference: What the provider calls it.
-- column released_amount: Authorised, and given free without being charged.
-- column lost_at: When the provider let go, by itself, of money that was still to be captured.
select p.*
from ordering.payments as p
inner join ordering.orders as o on o.id = p.order_id
where o.order_date >= current_setting('lake.from')::timestamptz
    and o.order_date < current_setting('lake.to')::timestamptz

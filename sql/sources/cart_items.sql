-- description: What lies in the carts that were begun on one of the days.
-- subject: carts
-- columns: cart_id uuid, item_id bigint, vendor_id bigint, qty bigint, unit_price numeric(18,2),
--     added_at timestamptz, updated_at timestamptz, value numeric(18,2)
-- column value: qty times unit_price.
select
    i.*,
    (i.qty * i.unit_price)::numeric(18, 2) as value
from ordering.cart_items as i
inner join ordering.carts as c on c.id = i.cart_id
where c.created_at >= current_setting('lake.from')::timestamptz
    and c.created_at < current_setting('lake.to')::timestamptz

-- description: The lines of the refunds asked for on one of the days, each with the order line
--     it gives back, whose order may be much older. Not those of an order that was cancelled: it
--     counts as no sale, so nothing of it is given back.
-- subject: refunds
-- columns: refund_id uuid, order_item_id bigint, qty bigint, amount numeric(18,2),
--     restocked boolean, tax_amount numeric(18,2), order_id uuid, item_id bigint, vendor_id bigint, customer_id bigint,
--     ordered_at timestamptz
-- column tax_amount: Tax that is given back with the line, on top of amount.
select
    i.*,
    l.order_id,
    l.item_id,
    l.vendor_id,
    o.customer_id,
    o.order_date as ordered_at
from ordering.refund_items as i
inner join ordering.refunds as r on r.id = i.refund_id
inner join ordering.order_items as l on l.id = i.order_item_id
inner join ordering.orders as o on o.id = l.order_id
where r.created_at >= current_setting('lake.from')::timestamptz
    and r.created_at < current_setting('lake.to')::timestamptz
    and o.status <> 'cancelled'

-- proves: Only pending orders reserve stock, and exactly the orders that were confirmed have sold it.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'status', orders.status, 'line_no', line.line_no, 'qty', line.qty,
        'reserved', line.reserved_qty, 'committed', line.committed_qty
    ) as details
from ordering.orders as orders
inner join ordering.order_items as line on line.order_id = orders.id
where (line.reserved_qty > 0 and orders.status <> 'pending')
    or line.committed_qty <> case when orders.confirmed_at is null then 0 else line.qty end

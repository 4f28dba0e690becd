-- proves: No line of an order is given back beyond what was bought and paid for it, with its tax.
-- subject: order
-- severity: error
select
    line.order_id::text as subject_id,
    jsonb_build_object(
        'line_no', line.line_no, 'qty', line.qty, 'refunded_qty', back.qty,
        'total_price', line.total_price, 'refunded', back.amount, 'tax', sent.tax_amount,
        'refunded_tax', back.tax_amount, 'orders', back.orders
    ) as details
from (
    select
        item.order_item_id,
        sum(item.qty) as qty,
        sum(item.amount) as amount,
        sum(item.tax_amount) as tax_amount,
        array_agg(distinct refund.order_id) as orders
    from ordering.refund_items as item
    inner join ordering.refunds as refund on refund.id = item.refund_id
    where refund.status <> 'failed'
    group by item.order_item_id
) as back
inner join ordering.order_items as line on line.id = back.order_item_id
left join ordering.shipment_items as sent on sent.order_item_id = line.id
where back.qty > line.qty
    or back.amount > line.total_price
    or back.tax_amount > coalesce(sent.tax_amount, 0)
    or back.orders <> array[line.order_id]

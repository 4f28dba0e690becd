select item.id
from ordering.refund_items as back
inner join ordering.refunds as refund on refund.id = back.refund_id
inner join ordering.order_items as item on item.id = back.order_item_id
where back.qty > item.qty
    or back.amount > item.total_price
    or item.order_id <> refund.order_id
    or (back.restocked and item.returned_qty <> back.qty)

select item.item_id
from ordering.order_items as item
group by item.item_id
having max(item.created_at) < (select max(order_date) from ordering.orders) - interval '90 days'

select orders.id
from ordering.orders as orders
inner join identity.customers as customer on customer.id = orders.customer_id
inner join ordering.order_items as item on item.order_id = orders.id
inner join catalog.products as product on product.id = item.item_id
where orders.order_date < customer.joined_at
    or orders.order_date < product.created_at
    or item.vendor_id <> product.vendor_id

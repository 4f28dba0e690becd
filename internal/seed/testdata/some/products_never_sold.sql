select id from catalog.products where not exists (select from ordering.order_items where item_id = products.id)

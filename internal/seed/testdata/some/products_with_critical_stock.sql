select product_id from catalog.stock where on_hand between 1 and 9

select product_id from catalog.stock where on_hand between 50 and 99

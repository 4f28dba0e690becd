select product_id from catalog.stock where on_hand between 10 and 49

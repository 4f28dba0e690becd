select product_id from catalog.stock where on_hand = 0

select product_id, reserved from catalog.stock where reserved <> 0

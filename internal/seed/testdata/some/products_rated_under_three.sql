select product_id from catalog.reviews group by product_id having avg(rating) < 3

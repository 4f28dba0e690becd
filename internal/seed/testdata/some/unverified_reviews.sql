select id from catalog.reviews where not is_verified_purchase

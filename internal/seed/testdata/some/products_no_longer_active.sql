select id from catalog.products where not is_active

-- The next identity of every table that has one, and the highest in use.
select 'identity.customers', nextval(pg_get_serial_sequence('identity.customers', 'id')), max(id) from identity.customers
union all
select 'catalog.vendors', nextval(pg_get_serial_sequence('catalog.vendors', 'id')), max(id) from catalog.vendors
union all
select 'catalog.categories', nextval(pg_get_serial_sequence('catalog.categories', 'id')), max(id) from catalog.categories
union all
select 'catalog.products', nextval(pg_get_serial_sequence('catalog.products', 'id')), max(id) from catalog.products
union all
select 'catalog.reviews', nextval(pg_get_serial_sequence('catalog.reviews', 'id')), max(id) from catalog.reviews
union all
select 'catalog.stock_ledger', nextval(pg_get_serial_sequence('catalog.stock_ledger', 'id')), max(id) from catalog.stock_ledger
union all
select 'ordering.order_items', nextval(pg_get_serial_sequence('ordering.order_items', 'id')), max(id) from ordering.order_items
union all
select 'ordering.order_events', nextval(pg_get_serial_sequence('ordering.order_events', 'id')), max(id) from ordering.order_events
union all
select 'ordering.payment_attempts', nextval(pg_get_serial_sequence('ordering.payment_attempts', 'id')), max(id) from ordering.payment_attempts

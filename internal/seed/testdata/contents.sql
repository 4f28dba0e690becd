-- A row a table: its digest without what a database adds by itself (xid). Users are left out:
-- their password hashes are salted.
select 'identity.customers' as name, count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by id)) as digest from identity.customers as r
union all
select 'catalog.vendors', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by id)) from catalog.vendors as r
union all
select 'catalog.categories', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by id)) from catalog.categories as r
union all
select 'catalog.products', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by id)) from catalog.products as r
union all
select 'catalog.stock', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by product_id)) from catalog.stock as r
union all
select 'catalog.stock_ledger', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from catalog.stock_ledger as r
union all
select 'catalog.reviews', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by id)) from catalog.reviews as r
union all
select 'ordering.carts', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.carts as r
union all
select 'ordering.cart_items', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by cart_id, item_id)) from ordering.cart_items as r
union all
select 'ordering.orders', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.orders as r
union all
select 'ordering.order_items', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.order_items as r
union all
select 'ordering.order_events', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.order_events as r
union all
select 'ordering.payments', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.payments as r
union all
select 'ordering.payment_attempts', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.payment_attempts as r
union all
select 'ordering.shipments', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.shipments as r
union all
select 'ordering.shipment_items', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by shipment_id, order_item_id)) from ordering.shipment_items as r
union all
select 'ordering.refunds', count(*), md5(string_agg((to_jsonb(r) - 'xid')::text, e'\n' order by id)) from ordering.refunds as r
union all
select 'ordering.refund_items', count(*), md5(string_agg(to_jsonb(r)::text, e'\n' order by refund_id, order_item_id)) from ordering.refund_items as r

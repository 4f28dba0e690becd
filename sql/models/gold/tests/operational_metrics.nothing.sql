-- interval: 2026-03-31 2026-04-01
-- given gold.product_performance
select 1 as item_id, 1 as category_id, 1 as stock, 'High' as stock_class, 1.00::decimal(18, 2) as cost, null::date as last_sale
where false
-- given clean.products
select 1 as id, now() as created_at where false
-- given published.orders
select now() as ordered_at, '' as order_status, '' as payment_method, now() as confirmed_at, now() as shipped_at where false
-- given published.sales
select uuid() as order_id, 1 as item_id, '' as order_status where false
-- given published.carts
select now() as begun_at, '' as cart_status, 1 as items, now() as updated_at where false
-- given clean.reviews
select 1 as product_id, 1::smallint as rating, now() as review_date where false
-- expect metric, dimension, member, unit, value, amount, basis
select metric, 'all' as dimension, 'all' as member, unit, value, amount, 0 as basis
from (values
    ('critical_stock', 'count', 0.0000, null), ('inventory_value', 'money', null, 0.00), ('no_sale_90_days', 'count', 0.0000, null),
    ('processing_hours', 'hours', null, null), ('cancellation_rate', 'share', null, null), ('average_rating', 'rating', null, null),
    ('rated_under_3', 'count', 0.0000, null), ('cart_abandonment', 'share', null, null)
) as t (metric, unit, value, amount)

-- interval: 2026-03-31 2026-04-01
-- given gold.product_performance
select item_id, category_id, stock, stock_class, cost::decimal(18, 2) as cost, last_sale
from (values
    (1, 1, 9, 'Critical', 2.50, date '2025-12-31'), (2, 1, 100, 'High', 1.01, date '2025-12-30'),
    (3, 2, 0, 'Critical', 7.00, null), (4, 2, 5, 'Critical', 3.00, null)
) as t (item_id, category_id, stock, stock_class, cost, last_sale)
-- given clean.products
select id, created_at
from (values
    (1, timestamptz '2020-01-01 00:00:00+00'), (2, timestamptz '2020-01-01 00:00:00+00'),
    (3, timestamptz '2025-12-31 00:00:00+00'), (4, timestamptz '2025-12-30 23:59:59.999999+00')
) as t (id, created_at)
-- given published.orders
-- Half a day, twenty minutes, and ten hours of an order that was cancelled on its way.
select ('aaaaaaaa-0000-7000-8000-00000000000' || n)::uuid as order_id, ordered_at, order_status, payment_method, confirmed_at, shipped_at
from (values
    (1, timestamptz '2026-02-28 23:59:59.999999+00', 'delivered', 'card', timestamptz '2026-03-01 00:00:00+00', timestamptz '2026-03-01 12:00:00+00'),
    (2, timestamptz '2026-03-01 00:00:00+00', 'returned', 'card', timestamptz '2026-03-01 00:00:00+00', timestamptz '2026-03-01 00:20:00+00'),
    (3, timestamptz '2026-03-02 12:00:00+00', 'cancelled', 'card', timestamptz '2026-03-02 12:00:00+00', timestamptz '2026-03-02 22:00:00+00'),
    (4, timestamptz '2026-03-31 12:00:00+00', 'pending', 'bank_transfer', null, null),
    (5, timestamptz '2026-03-03 12:00:00+00', 'cancelled', 'wallet', null, null)
) as t (n, ordered_at, order_status, payment_method, confirmed_at, shipped_at)
-- given published.sales
-- An order counts once for a category, however many lines it has there; product 9 is in quarantine.
select ('aaaaaaaa-0000-7000-8000-00000000000' || n)::uuid as order_id, item_id,
    case n when 3 then 'cancelled' when 5 then 'cancelled' else 'delivered' end as order_status
from (values (1, 1), (1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (4, 9), (5, 9)) as t (n, item_id)
-- given published.carts
-- Left behind: given up, or not touched on the last day. Nobody knows of one that was; an empty one is none.
select begun_at, cart_status, items, updated_at
from (values
    (timestamptz '2026-03-01 00:00:00+00', 'checked_out', 1, timestamptz '2026-03-01 12:00:00+00'),
    (timestamptz '2026-02-28 23:59:59.999999+00', 'abandoned', 2, timestamptz '2026-03-31 12:00:00+00'),
    (timestamptz '2026-03-30 12:00:00+00', 'open', 1, timestamptz '2026-03-30 23:59:59.999999+00'),
    (timestamptz '2026-03-30 12:00:00+00', 'open', 1, timestamptz '2026-03-31 00:00:00+00'),
    (timestamptz '2026-03-01 12:00:00+00', 'open', 0, timestamptz '2026-03-01 12:00:00+00'),
    (timestamptz '2026-03-01 12:00:00+00', 'abandoned', 0, timestamptz '2026-03-01 12:00:00+00')
) as t (begun_at, cart_status, items, updated_at)
-- given clean.reviews
select product_id, rating::smallint as rating, review_date
from (values
    (1, 3, timestamptz '2026-01-31 23:59:59.999999+00'), (1, 3, timestamptz '2026-02-01 00:00:00+00'),
    (1, 2, timestamptz '2026-03-31 23:59:59.999999+00'), (1, 5, timestamptz '2026-04-01 00:00:00+00'),
    (2, 3, timestamptz '2026-02-15 12:00:00+00'), (9, 1, timestamptz '2026-03-05 12:00:00+00')
) as t (product_id, rating, review_date)
-- expect
select metric, dimension, member, date '2026-03-31' as as_of, unit, value, amount, basis
from (values
    ('critical_stock', 'all', 'all', 'count', 3.0000, null, 4),
    ('critical_stock', 'product', '1', 'units', 9.0000, null, 1),
    ('critical_stock', 'product', '3', 'units', 0.0000, null, 1),
    ('critical_stock', 'product', '4', 'units', 5.0000, null, 1),
    ('inventory_value', 'all', 'all', 'money', null, 138.50, 4),
    ('inventory_value', 'category', '1', 'money', null, 123.50, 2),
    ('inventory_value', 'category', '2', 'money', null, 15.00, 2),
    ('no_sale_90_days', 'all', 'all', 'count', 2.0000, null, 4),
    ('no_sale_90_days', 'product', '2', 'days', 91.0000, null, 1),
    ('no_sale_90_days', 'product', '4', 'days', 91.0000, null, 1),
    ('processing_hours', 'all', 'all', 'hours', 6.1667, null, 2),
    ('processing_hours', 'month', '2026-02', 'hours', 12.0000, null, 1),
    ('processing_hours', 'month', '2026-03', 'hours', 0.3333, null, 1),
    ('cancellation_rate', 'all', 'all', 'share', 0.4000, null, 5),
    ('cancellation_rate', 'category', '1', 'share', 0.3333, null, 3),
    ('cancellation_rate', 'category', '2', 'share', 0.0000, null, 1),
    ('payment_method_share', 'payment_method', 'card', 'share', 0.6667, null, 2),
    ('payment_method_share', 'payment_method', 'bank_transfer', 'share', 0.3333, null, 1),
    ('average_rating', 'all', 'all', 'rating', 2.4000, null, 5),
    ('average_rating', 'category', '1', 'rating', 2.7500, null, 4),
    ('rated_under_3', 'all', 'all', 'count', 1.0000, null, 2),
    ('rated_under_3', 'product', '1', 'rating', 2.6667, null, 3),
    ('rating_by_month', 'month', '2026-01', 'rating', 3.0000, null, 1),
    ('rating_by_month', 'month', '2026-02', 'rating', 3.0000, null, 2),
    ('rating_by_month', 'month', '2026-03', 'rating', 1.5000, null, 2),
    ('cart_abandonment', 'all', 'all', 'share', 0.6667, null, 3),
    ('cart_abandonment', 'month', '2026-02', 'share', 1.0000, null, 1),
    ('cart_abandonment', 'month', '2026-03', 'share', 0.5000, null, 2)
) as t (metric, dimension, member, unit, value, amount, basis)

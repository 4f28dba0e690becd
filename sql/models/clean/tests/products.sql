-- given raw.vendors
select 7 as id
-- given raw.categories
select 5 as id
-- given raw.products
select id, vendor_id, item_name, category_id, ' ' as brand, ' M1 ' as model, price::decimal(18, 2) as price,
    cost::decimal(18, 2) as cost, currency, 0.5::decimal(10, 3) as weight_kg, date '2026-01-01' as launch_date,
    true as is_active, timestamptz '2026-01-01 00:00:00+00' as created_at,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 7, '  Bread   knife ', 5, 9.99, 4, 'eur', 1), (1, 7, 'Knife', 5, 8, 4, 'EUR', 0),
    (null, 7, 'No key', 5, 1, 1, 'EUR', 0), (2, 7, ' ', 5, 1, 1, 'EUR', 0), (3, 7, 'Gift', 5, -0.01, 0, 'EUR', 0),
    (4, 7, 'Subsidised', 5, 1, -1, 'EUR', 0), (5, 7, 'Barter', 5, 1, 1, 'E', 0), (6, 8, 'Nobody''s', 5, 1, 1, 'EUR', 0),
    (7, 7, 'Nowhere', 6, 1, 1, 'EUR', 0)
) as t (id, vendor_id, item_name, category_id, price, cost, currency, seconds)
-- expect
select 1 as id, 7 as vendor_id, 'Bread knife' as item_name, 5 as category_id, null as brand, 'M1' as model, 9.99 as price,
    4.00 as cost, 'EUR' as currency, 0.5 as weight_kg, date '2026-01-01' as launch_date, true as is_active,
    timestamptz '2026-01-01 00:00:00+00' as created_at, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine id
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (2, 'name_present'), (3, 'price_not_negative'), (4, 'cost_not_negative'),
    (5, 'currency_is_iso'), (6, 'vendor_exists'), (7, 'category_exists')
) as t (id, rule)

-- given raw.products
select 1 as id
-- given raw.stock_opening
select date '2026-03-01' as opening_day, *
from (values (1, 10, 2), (9, 1, 0)) as t (product_id, on_hand, reserved)
-- expect
select date '2026-03-01' as opening_day, 1 as product_id, 10 as on_hand, 2 as reserved
-- quarantine product_id
select 9 as product_id, 'product_exists' as rule

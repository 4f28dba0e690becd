-- given clean.products
select unnest([1, 2, 3]) as id
-- given raw.stock
select *, timestamptz '2026-03-01 10:00:00+00' as updated_at
from (values (1, 5, 5), (2, 4, 5), (3, 5, -1), (9, 1, 0)) as t (product_id, on_hand, reserved)
-- expect
select 1 as product_id, 5 as on_hand, 5 as reserved, timestamptz '2026-03-01 10:00:00+00' as updated_at
-- quarantine product_id
select * from (values (2, 'not_oversold'), (3, 'not_oversold'), (9, 'product_is_clean')) as t (product_id, rule)

-- given clean.products
select *, 5 as category_id, 'Brand' as brand, 2.00::decimal(18, 2) as price, 1.00::decimal(18, 2) as cost,
    7 as vendor_id, true as is_active
from (values
    (1, 'Stocked', timestamptz '2026-01-01 00:00:00+00'), (2, 'Never stocked', timestamptz '2026-01-01 00:00:00+00')
) as t (id, item_name, updated_at)
-- given clean.stock
select 1 as product_id, 9 as on_hand, 4 as reserved, timestamptz '2026-02-01 00:00:00+00' as updated_at
-- expect
select item_id, item_name, 5 as category_id, 'Brand' as brand, 2.00 as price, 1.00 as cost, 7 as vendor_id,
    on_hand, reserved, true as is_active, updated_at
from (values
    (1, 'Stocked', 9, 4, timestamptz '2026-02-01 00:00:00+00'),
    (2, 'Never stocked', 0, 0, timestamptz '2026-01-01 00:00:00+00')
) as t (item_id, item_name, on_hand, reserved, updated_at)

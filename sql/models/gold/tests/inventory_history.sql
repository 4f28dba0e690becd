-- 1 is unchanged, 2 has another price, 3 is put on sale again, 4 is discontinued, 5 is new.
-- given published.inventory_history
select t.*, 'Anvil' as item_name, 5::bigint as category_id, null::varchar as brand, 1.00::decimal(18, 2) as cost, 7::bigint as vendor_id
from (values
    (1::bigint, timestamptz '2026-01-01 00:00:00+00', null::timestamptz, 2.00::decimal(18, 2), true),
    (2, timestamptz '2026-01-01 00:00:00+00', null, 2.00, true),
    (3, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00', 2.00, true),
    (3, timestamptz '2026-02-01 00:00:00+00', null, 2.00, false),
    (4, timestamptz '2026-01-01 00:00:00+00', null, 2.00, true)
) as t (item_id, valid_from, valid_to, price, is_active)
-- given clean.products
select t.*, 'Anvil' as item_name, 5::bigint as category_id, null::varchar as brand, 1.00::decimal(18, 2) as cost,
    7::bigint as vendor_id, timestamptz '2026-01-01 00:00:00+00' as created_at, timestamptz '2026-03-01 00:00:00+00' as updated_at
from (values
    (1::bigint, 2.00::decimal(18, 2), true), (2, 2.50, true), (3, 2.00, true), (4, 2.00, false), (5, 9.00, true)
) as t (id, price, is_active)
-- expect
select t.item_id, t.valid_from, t.valid_to, 'Anvil' as item_name, 5 as category_id, null as brand, t.price, 1.00 as cost,
    7 as vendor_id, t.is_active
from (values
    (1, timestamptz '2026-01-01 00:00:00+00', null, 2.00, true),
    (2, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 2.00, true),
    (2, timestamptz '2026-03-01 00:00:00+00', null, 2.50, true),
    (3, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00', 2.00, true),
    (3, timestamptz '2026-02-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 2.00, false),
    (3, timestamptz '2026-03-01 00:00:00+00', null, 2.00, true),
    (4, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 2.00, true),
    (4, timestamptz '2026-03-01 00:00:00+00', null, 2.00, false),
    (5, timestamptz '2026-01-01 00:00:00+00', null, 9.00, true)
) as t (item_id, valid_from, valid_to, price, is_active)
